// frame_fuzzer.cpp -- the bytes a compromised peer could write to the dispatcher's socket.
//
// First byte: where to cut the stream. Frames must not depend on the cut, and a message that
// decodes must be the very one that encodes to those bytes.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fuzzing.hpp"
#include "wire/messages.hpp"

namespace {

struct Parsed {
  std::vector<std::pair<int, std::string>> frames;
  bool broken = false;

  friend bool operator==(const Parsed &, const Parsed &) = default;
};

Parsed parse(std::string_view first, std::string_view second) {
  Parsed parsed;
  wire::FrameParser parser;
  try {
    parser.feed(first);
    parser.feed(second);
  } catch (const wire::ProtocolError &) {
    parsed.broken = true;
  }
  while (auto frame = parser.next())
    parsed.frames.emplace_back(frame->type, std::move(frame->payload));
  return parsed;
}

wire::Frame encode_again(wire::Message &&message) {
  return std::visit([](auto &alternative) { return wire::encode(std::move(alternative)); },
                    message);
}

void check_message(std::uint8_t type, std::size_t descriptors, const std::string &payload) {
  wire::Frame frame;
  frame.type = type;
  frame.payload = payload;
  frame.descriptors.resize(descriptors);
  try {
    wire::Message message = wire::decode(std::move(frame));
    bool const is_cleaned = (std::holds_alternative<wire::Failed>(message) ||
                             std::holds_alternative<wire::LookedUp>(message));
    wire::Frame const again = encode_again(std::move(message));
    fuzz::require(again.type == type, "a message keeps its type");
    fuzz::require(is_cleaned || again.payload == payload, "a message has one encoding");
    fuzz::require(again.descriptors.size() == descriptors, "a message keeps its descriptors");
  } catch (const wire::ProtocolError &) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  if (size < 1) return 0;
  std::string_view const bytes = fuzz::as_text(data + 1, size - 1);
  std::size_t const cut = std::min<std::size_t>(data[0], bytes.size());
  Parsed const whole = parse(bytes, {});
  Parsed const pieces = parse(bytes.substr(0, cut), bytes.substr(cut));
  fuzz::require(whole == pieces, "frames do not depend on where the stream is cut");
  for (const auto &[type, payload] : whole.frames)
    check_message(static_cast<std::uint8_t>(type), 0, payload);
  if (bytes.size() >= 2)
    check_message(static_cast<std::uint8_t>(bytes[0]), static_cast<std::uint8_t>(bytes[1]) % 4,
                  std::string(bytes.substr(2)));
  return 0;
}
