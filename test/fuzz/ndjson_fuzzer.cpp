// ndjson_fuzzer.cpp -- lines must not depend on where the stream is cut.
//
// First byte: where to cut.
#include <string>
#include <vector>

#include "courier/attempt_error.hpp"
#include "courier/text/line_parser.hpp"
#include "fuzzing.hpp"

namespace {

constexpr std::size_t max_line_bytes = 64;

std::vector<std::string> parse(std::string_view first, std::string_view second) {
  std::vector<std::string> lines;
  courier::text::LineParser parser(max_line_bytes,
                                   [&](std::string_view line) { lines.emplace_back(line); });
  try {
    parser.feed(first);
    parser.feed(second);
    parser.finish();
  } catch (const courier::AttemptError &) {
    lines.emplace_back("too long\n");
  }
  return lines;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  if (size < 1) return 0;
  std::string_view const stream = fuzz::as_text(data + 1, size - 1);
  std::size_t const cut = std::min<std::size_t>(data[0], stream.size());
  auto const whole = parse(stream, {});
  fuzz::require(whole == parse(stream.substr(0, cut), stream.substr(cut)),
                "lines do not depend on where the stream is cut");
  for (const std::string &line : whole)
    fuzz::require(!line.empty() && line.size() <= max_line_bytes, "a line is within its limit");
  return 0;
}
