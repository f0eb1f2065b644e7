#include "courier/adapters/database_json.hpp"

#include <string_view>

namespace courier {

// In a text of JSON that character can only be an escape whose backslash is not itself escaped.
std::string database_json(const nlohmann::json &document) {
  constexpr std::string_view escape = "\\u0000";
  std::string const text = document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  std::string clean;
  clean.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '\\') {
      clean += text[at++];
    } else if (text.compare(at, escape.size(), escape) == 0) {
      clean += "\uFFFD";
      at += escape.size();
    } else {
      clean.append(text, at, 2);
      at += 2;
    }
  }
  return clean;
}

}  // namespace courier
