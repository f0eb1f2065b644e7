#include "courier/adapters/ollama_request.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>

#include "courier/adapters/chat_parameters.hpp"
#include "courier/adapters/message_parts.hpp"
#include "courier/json/members.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 4> chat_members = {"tools", "format", "keep_alive", "think"};
constexpr std::array<std::string_view, 8> generate_members = {
    "suffix", "images", "template", "raw", "context", "format", "keep_alive", "think"};
constexpr std::array<std::string_view, 5> only_generate = {"suffix", "images", "template", "raw",
                                                           "context"};

template <typename Names>
bool contains(const Names &names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// {"type": "json_object"} and {"type": "json_schema", "json_schema": {"schema"}}.
Json format_of(const Json &response_format) {
  std::string const type = json::text(response_format, "type");
  if (type == "json_object") return "json";
  const Json &schema = json::structure(json::structure(response_format, "json_schema"), "schema");
  if (type == "json_schema" && schema.is_object()) return schema;
  if (type != "text") refuse_parameter("response_format is none that Ollama has");
  return nullptr;
}

// OpenAI writes arguments as a text, Ollama as an object.
Json tool_calls_of(const Json &calls) {
  Json own = Json::array();
  for (const Json &call : calls) {
    const Json &function = json::structure(call, "function");
    const Json *const given = json::member(function, "arguments");
    Json arguments = given == nullptr ? Json::object() : *given;
    if (arguments.is_string())
      arguments = Json::parse(arguments.get<std::string>(), nullptr, false);
    if (!arguments.is_object()) refuse_parameter("messages has a tool call without arguments");
    own.push_back(
        {{"function", {{"name", json::text(function, "name")}, {"arguments", arguments}}}});
  }
  return own;
}

Json messages_of(const ChatParameters &parameters) {
  Json messages = Json::array();
  std::map<std::string, std::string> tool_names;  // by the ids of their calls
  if (!parameters.system.empty())
    messages.push_back({{"role", "system"}, {"content", parameters.system}});
  for (const Json &message : parameters.messages) {
    std::string const role = json::text(message, "role");
    MessageParts const parts = read_message_parts(message);
    Json own = {{"role", role == "developer" ? "system" : role}, {"content", parts.text}};
    for (const InlinePicture &picture : parts.pictures)
      own["images"].push_back(picture.base64);
    const Json &calls = json::structure(message, "tool_calls");
    if (!calls.empty()) own["tool_calls"] = tool_calls_of(calls);
    for (const Json &call : calls)
      tool_names[json::text(call, "id")] = json::text(json::structure(call, "function"), "name");
    if (role == "tool") own["tool_name"] = tool_names[json::text(message, "tool_call_id")];
    messages.push_back(std::move(own));
  }
  if (parameters.messages.empty()) refuse_parameter("prompt is missing, and so is messages");
  return messages;
}

// Names of ours in words of Ollama's; what it does not know are options of the model.
void put(const std::string &name, const Json &value, bool of_chat, Json &body) {
  bool const is_member = of_chat ? contains(chat_members, name) : contains(generate_members, name);
  if (is_member) {
    body[name] = value;
  } else if (name == "response_format") {
    Json format = format_of(value);
    if (!format.is_null()) body["format"] = std::move(format);
  } else if (name == "options") {
    if (!value.is_object()) refuse_parameter("options is not an object");
    body["options"].update(value);
  } else if (name == "stop") {
    body["options"]["stop"] = value.is_string() ? Json::array({value}) : value;
  } else {
    body["options"][name == "max_tokens" ? "num_predict" : name] = value;
  }
}

}  // namespace

bool is_for_generate(const ChatParameters &parameters) {
  return std::any_of(only_generate.begin(), only_generate.end(), [&](std::string_view name) {
    return parameters.others.contains(std::string(name));
  });
}

std::string make_ollama_body(const std::string &model, const ChatParameters &parameters,
                             bool of_chat) {
  Json body = {{"model", model}, {"stream", parameters.stream}, {"options", Json::object()}};
  for (const auto &[name, value] : parameters.others.items())
    put(name, value, of_chat, body);
  if (body["options"].empty()) body.erase("options");
  if (of_chat) {
    body["messages"] = messages_of(parameters);
    return request_text(body);
  }
  if (parameters.messages.size() != 1)
    refuse_parameter("prompt is all that /api/generate takes: messages are for /api/chat");
  body["prompt"] = read_message_parts(parameters.messages.front()).text;
  if (!parameters.system.empty()) body["system"] = parameters.system;
  return request_text(body);
}

}  // namespace courier
