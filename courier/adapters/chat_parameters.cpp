#include "courier/adapters/chat_parameters.hpp"

#include <utility>

#include "courier/attempt_error.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;

std::string take_text(Json &parameters, const char *name) {
  auto const found = parameters.find(name);
  if (found == parameters.end()) return {};
  if (!found->is_string()) refuse_parameter(std::string(name) + " is not a text");
  std::string text = found->get<std::string>();
  parameters.erase(found);
  return text;
}

Json take_messages(Json &parameters) {
  auto const found = parameters.find("messages");
  if (found == parameters.end()) return Json::array();
  Json messages = std::move(*found);
  parameters.erase(found);
  if (!messages.is_array()) refuse_parameter("messages is not an array");
  for (const Json &message : messages)
    if (!message.is_object() || !message.contains("role") || !message.at("role").is_string())
      refuse_parameter("messages has one without a role");
  return messages;
}

bool take_stream(Json &parameters) {
  auto const found = parameters.find("stream");
  if (found == parameters.end()) return true;
  if (!found->is_boolean()) refuse_parameter("stream is neither true nor false");
  bool const stream = found->get<bool>();
  parameters.erase(found);
  return stream;
}

}  // namespace

void refuse_parameter(const std::string &why) {
  throw AttemptError(wire::ErrorClass::invalid_input, "parameter " + why);
}

Json read_parameters(const std::string &text) {
  Json parameters = Json::parse(text, nullptr, false);
  if (!parameters.is_object())
    throw AttemptError(wire::ErrorClass::invalid_input, "the parameters are not a JSON object");
  for (auto at = parameters.begin(); at != parameters.end();)
    at = at->is_null() ? parameters.erase(at) : std::next(at);
  if (parameters.contains("negative_prompt"))
    refuse_parameter("negative_prompt means nothing to a language model");
  if (parameters.contains("n") && parameters.at("n") != 1)
    refuse_parameter("n is not 1: a job has one answer");
  if (parameters.contains("model")) refuse_parameter("model is chosen by the job");
  parameters.erase("n");
  return parameters;
}

ChatParameters read_chat_parameters(const std::string &text) {
  Json parameters = read_parameters(text);
  ChatParameters read;
  read.system = take_text(parameters, "system");
  read.messages = take_messages(parameters);
  read.stream = take_stream(parameters);
  std::string prompt = take_text(parameters, "prompt");
  if (!prompt.empty()) read.messages.push_back({{"role", "user"}, {"content", std::move(prompt)}});
  read.others = std::move(parameters);
  return read;
}

std::string request_text(const Json &body) {
  try {
    return body.dump();
  } catch (const Json::type_error &) {
    throw AttemptError(wire::ErrorClass::invalid_input, "the model's name is not valid UTF-8");
  }
}

}  // namespace courier
