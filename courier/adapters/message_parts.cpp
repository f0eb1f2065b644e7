#include "courier/adapters/message_parts.hpp"

#include <string_view>

#include "courier/adapters/chat_parameters.hpp"
#include "courier/json/members.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;

InlinePicture read_picture(const Json &part) {
  constexpr std::string_view scheme = "data:";
  constexpr std::string_view encoding = ";base64,";
  std::string const url = json::text(json::structure(part, "image_url"), "url");
  std::size_t const comma = url.find(encoding);
  if (!url.starts_with(scheme) || comma == std::string::npos)
    refuse_parameter("messages has a picture that is not in a data URL");
  return {url.substr(scheme.size(), comma - scheme.size()), url.substr(comma + encoding.size())};
}

}  // namespace

MessageParts read_message_parts(const Json &message) {
  MessageParts read;
  const Json *const content = json::member(message, "content");
  if (content == nullptr) return read;
  if (content->is_string()) {
    read.text = content->get<std::string>();
    return read;
  }
  if (!content->is_array())
    refuse_parameter("messages has a content that is neither a text nor an array");
  for (const Json &part : *content) {
    std::string const type = json::text(part, "type");
    if (type == "text")
      read.text += json::text(part, "text");
    else if (type == "image_url")
      read.pictures.push_back(read_picture(part));
    else
      refuse_parameter("messages has a part that is neither a text nor a picture");
  }
  return read;
}

}  // namespace courier
