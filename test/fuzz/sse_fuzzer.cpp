// sse_fuzzer.cpp -- events must not depend on where the stream is cut.
//
// First byte: where to cut.
#include <string>
#include <utility>
#include <vector>

#include "courier/attempt_error.hpp"
#include "courier/text/event_buffer.hpp"
#include "fuzzing.hpp"

namespace {

constexpr std::size_t max_event_bytes = 64;

struct Parsed {
  std::vector<std::pair<std::string, std::string>> events;
  bool too_long = false;
  friend bool operator==(const Parsed &, const Parsed &) = default;
};

Parsed parse(std::string_view first, std::string_view second) {
  Parsed parsed;
  courier::text::EventBuffer parser(max_event_bytes,
                                    [&](std::string_view data, const std::string &type) {
                                      parsed.events.emplace_back(data, type);
                                    });
  try {
    parser.feed(first);
    parser.feed(second);
    parser.finish();
  } catch (const courier::AttemptError &) {
    parsed.too_long = true;
  }
  return parsed;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  if (size < 1) return 0;
  std::string_view const stream = fuzz::as_text(data + 1, size - 1);
  std::size_t const cut = std::min<std::size_t>(data[0], stream.size());
  Parsed const whole = parse(stream, {});
  fuzz::require(whole == parse(stream.substr(0, cut), stream.substr(cut)),
                "events do not depend on where the stream is cut");
  for (const auto &[event, type] : whole.events) {
    fuzz::require(event.size() <= max_event_bytes, "an event is within its limit");
    fuzz::require(event.find('\r') == std::string::npos, "line ends are not data");
    fuzz::require(type.size() <= courier::text::SseParser::max_type_bytes, "so is a type");
  }
  return 0;
}
