#include "courier/text/line_parser.hpp"

#include <algorithm>

#include "courier/attempt_error.hpp"

namespace courier::text {

void LineParser::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    std::size_t const end = std::min(bytes.find('\n'), bytes.size());
    if (end > max_line_bytes_ - line_.size())
      throw AttemptError(
          wire::ErrorClass::too_large,
          "a line of the answer has more than " + std::to_string(max_line_bytes_) + " bytes");
    line_ += bytes.substr(0, end);
    if (end == bytes.size()) return;
    end_line();
    bytes.remove_prefix(end + 1);
  }
}

void LineParser::end_line() {
  if (line_.ends_with('\r')) line_.pop_back();
  if (line_.find_first_not_of(" \t") != std::string::npos) on_line_(line_);
  line_.clear();
}

void LineParser::finish() { end_line(); }

}  // namespace courier::text
