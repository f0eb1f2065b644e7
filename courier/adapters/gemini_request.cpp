#include "courier/adapters/gemini_request.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string_view>

#include "courier/adapters/chat_parameters.hpp"
#include "courier/adapters/message_parts.hpp"
#include "courier/json/members.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 6> members = {"safetySettings", "toolConfig",
                                                     "cachedContent",  "safety_settings",
                                                     "tool_config",    "cached_content"};

// max_output_tokens is maxOutputTokens there.
std::string in_camel_case(std::string_view name) {
  std::string text;
  for (std::size_t i = 0; i < name.size(); ++i)
    if (name[i] == '_' && i + 1 < name.size())
      text += static_cast<char>(std::toupper(static_cast<unsigned char>(name[++i])));
    else
      text += name[i];
  return text;
}

Json arguments_of(const Json &function) {
  const Json *const given = json::member(function, "arguments");
  Json arguments = given == nullptr ? Json::object() : *given;
  if (arguments.is_string()) arguments = Json::parse(arguments.get<std::string>(), nullptr, false);
  if (!arguments.is_object()) refuse_parameter("messages has a tool call without arguments");
  return arguments;
}

class Conversation {
 public:
  void add(const Json &message) {
    std::string const role = json::text(message, "role");
    MessageParts const read = read_message_parts(message);
    if (role == "system" || role == "developer") return add_system(read.text);
    if (role == "tool") return add_tool_answer(message, read.text);
    Json parts = Json::array();
    if (!read.text.empty()) parts.push_back({{"text", read.text}});
    for (const InlinePicture &picture : read.pictures)
      parts.push_back(
          {{"inlineData", {{"mimeType", picture.media_type}, {"data", picture.base64}}}});
    for (const Json &call : json::structure(message, "tool_calls"))
      parts.push_back(call_part(call));
    if (parts.empty()) refuse_parameter("messages has one without a content");
    contents.push_back({{"role", role == "assistant" ? "model" : "user"}, {"parts", parts}});
  }

  void add_system(const std::string &text) {
    if (!text.empty()) system.push_back({{"text", text}});
  }

  Json contents = Json::array();
  Json system = Json::array();

 private:
  Json call_part(const Json &call) {
    const Json &function = json::structure(call, "function");
    std::string const name = json::text(function, "name");
    tool_names_[json::text(call, "id")] = name;
    return {{"functionCall", {{"name", name}, {"args", arguments_of(function)}}}};
  }

  void add_tool_answer(const Json &message, const std::string &text) {
    Json const parsed = Json::parse(text, nullptr, false);
    Json const response = parsed.is_object() ? parsed : Json{{"result", text}};
    Json const part = {
        {"functionResponse",
         {{"name", tool_names_[json::text(message, "tool_call_id")]}, {"response", response}}}};
    contents.push_back({{"role", "user"}, {"parts", Json::array({part})}});
  }

  std::map<std::string, std::string> tool_names_;  // by the ids of their calls
};

// OpenAI's functions; what is none of them is taken as Google's own.
Json tools_of(const Json &tools) {
  Json own = Json::array();
  Json functions = Json::array();
  for (const Json &tool : tools) {
    if (json::text(tool, "type") == "function")
      functions.push_back(json::structure(tool, "function"));
    else
      own.push_back(tool);
  }
  for (Json &function : functions) {
    if (!function.is_object()) refuse_parameter("tools has one without a function");
    function.erase("strict");
  }
  if (!functions.empty()) own.push_back({{"functionDeclarations", functions}});
  return own;
}

void put_format(const Json &format, Json &config) {
  std::string const type = json::text(format, "type");
  if (type == "text") return;
  if (type != "json_object" && type != "json_schema")
    refuse_parameter("response_format is none that Gemini has");
  config["responseMimeType"] = "application/json";
  const Json &schema = json::structure(json::structure(format, "json_schema"), "schema");
  if (schema.is_object()) config["responseJsonSchema"] = schema;
}

Json tool_config_of(const Json &choice) {
  Json config = Json::object();
  std::string const word = choice.is_string() ? choice.get<std::string>() : "";
  std::string const function = json::text(json::structure(choice, "function"), "name");
  config["mode"] = word == "none" ? "NONE" : word == "auto" ? "AUTO" : "ANY";
  if (!function.empty()) config["allowedFunctionNames"] = Json::array({function});
  return {{"functionCallingConfig", config}};
}

void put(const std::string &name, const Json &value, Json &body, Json &config) {
  if (std::find(members.begin(), members.end(), name) != members.end())
    body[in_camel_case(name)] = value;
  else if (name == "tools")
    body["tools"] = tools_of(value);
  else if (name == "tool_choice")
    body["toolConfig"] = tool_config_of(value);
  else if (name == "response_format")
    put_format(value, config);
  else if (name == "stop")
    config["stopSequences"] = value.is_string() ? Json::array({value}) : value;
  else if (name == "max_tokens")
    config["maxOutputTokens"] = value;
  else if (name == "aspect_ratio")
    config["imageConfig"]["aspectRatio"] = value;
  else
    config[in_camel_case(name)] = value;
}

// Width and height are not for Imagen, but the ratio is.
std::string aspect_ratio(const Json &parameters) {
  auto const width = json::count(parameters, "width").value_or(0);
  auto const height = json::count(parameters, "height").value_or(0);
  if (width < 1 || height < 1) refuse_parameter("width and height must be given together");
  std::int64_t const divisor = std::gcd(width, height);
  return std::to_string(width / divisor) + ":" + std::to_string(height / divisor);
}

}  // namespace

std::string make_gemini_body(const ChatParameters &parameters, bool wants_pictures) {
  Json body = Json::object();
  Json config = Json::object();
  Conversation conversation;
  conversation.add_system(parameters.system);
  for (const Json &message : parameters.messages)
    conversation.add(message);
  if (conversation.contents.empty()) refuse_parameter("prompt is missing, and so is messages");
  for (const auto &[name, value] : parameters.others.items())
    put(name, value, body, config);
  if (wants_pictures && !config.contains("responseModalities"))
    config["responseModalities"] = Json::array({"TEXT", "IMAGE"});
  body["contents"] = std::move(conversation.contents);
  if (!conversation.system.empty()) body["systemInstruction"] = {{"parts", conversation.system}};
  if (!config.empty()) body["generationConfig"] = std::move(config);
  return request_text(body);
}

PredictRequest make_predict_body(const std::string &text) {
  constexpr std::int64_t most_pictures = 8;
  Json const parameters = Json::parse(text, nullptr, false);
  std::string const prompt = json::text(parameters, "prompt");
  if (prompt.empty()) refuse_parameter("prompt is not a text");
  Json own = Json::object();
  PredictRequest request;
  for (const auto &[name, value] : parameters.items())
    if (!value.is_null() && name != "prompt" && name != "n" && name != "width" && name != "height")
      own[in_camel_case(name)] = value;
  if (json::member(parameters, "n") != nullptr) {
    auto const count = json::count(parameters, "n").value_or(0);
    if (count < 1 || count > most_pictures)
      refuse_parameter("n is not an integer from 1 to " + std::to_string(most_pictures));
    request.picture_count = static_cast<std::size_t>(count);
  }
  own["sampleCount"] = request.picture_count;
  if (parameters.contains("width") || parameters.contains("height"))
    own["aspectRatio"] = aspect_ratio(parameters);
  request.body =
      request_text({{"instances", Json::array({{{"prompt", prompt}}})}, {"parameters", own}});
  return request;
}

std::string encode_model(const std::string &model) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  constexpr std::string_view plain = "-._~";
  if (model.empty()) refuse_parameter("model is missing");
  std::string text;
  for (char const byte : model) {
    auto const value = static_cast<unsigned char>(byte);
    if ((value < 0x80 && std::isalnum(value) != 0) || plain.find(byte) != std::string_view::npos) {
      text += byte;
    } else {
      text += '%';
      text += digits[value >> 4];
      text += digits[value & 0xF];
    }
  }
  return text;
}

}  // namespace courier
