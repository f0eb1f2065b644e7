// message_parts.hpp -- the content of a message as OpenAI writes it, taken apart for the protocols
// that write it in other ways.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace courier {

struct InlinePicture {
  std::string media_type;
  std::string base64;
};

struct MessageParts {
  std::string text;
  std::vector<InlinePicture> pictures;
};

// A text, nothing, or an array of {"type": "text", "text"} and {"type": "image_url", "image_url":
// {"url": "data:..."}}. Throws AttemptError(invalid_input) for other parts, and for pictures that
// are elsewhere.
MessageParts read_message_parts(const nlohmann::json &message);

}  // namespace courier
