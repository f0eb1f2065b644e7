#include "courier/text/tool_calls.hpp"

#include <utility>

#include "courier/attempt_error.hpp"
#include "courier/json/members.hpp"
#include "courier/text/database_text.hpp"

namespace courier::text {

namespace {

using Json = nlohmann::json;

[[noreturn]] void reject(const std::string &why) {
  throw AttemptError(wire::ErrorClass::bad_response, why);
}

std::size_t set_once(std::string &text, std::string value) {
  if (!text.empty() || value.empty()) return 0;
  text = std::move(value);
  return text.size();
}

// A text is taken as it is, as it may be a fragment.
std::string text_of(const Json *arguments) {
  if (arguments == nullptr) return {};
  return arguments->is_string() ? arguments->get<std::string>() : arguments->dump();
}

}  // namespace

// Without an index, as some servers write it, an id that is new begins a new call.
std::size_t ToolCalls::place(const Json &fragment) const {
  if (json::member(fragment, "index") != nullptr) {
    auto const index = json::count(fragment, "index");
    if (!index || static_cast<std::size_t>(*index) >= max_calls)
      reject("the answer has a tool call without a sensible index");
    return static_cast<std::size_t>(*index);
  }
  std::string const id = json::text(fragment, "id");
  bool const continues = !calls_.empty() && (id.empty() || id == calls_.back().id);
  return continues ? calls_.size() - 1 : calls_.size();
}

std::size_t ToolCalls::add_fragments(const Json &calls) {
  if (!calls.is_array()) reject("the tool calls of the answer are not an array");
  std::size_t bytes = 0;
  for (const Json &fragment : calls) {
    const Json &function = json::structure(fragment, "function");
    std::size_t const at = place(fragment);
    if (at >= max_calls) reject("the answer has too many tool calls");
    if (at >= calls_.size()) calls_.resize(at + 1);
    Call &call = calls_[at];
    bytes += set_once(call.id, json::text(fragment, "id"));
    bytes += set_once(call.name, json::text(function, "name"));
    std::string const arguments = text_of(json::member(function, "arguments"));
    call.arguments += arguments;
    bytes += arguments.size();
  }
  return bytes;
}

std::size_t ToolCalls::add(std::string id, std::string name, const Json &arguments) {
  if (calls_.size() >= max_calls) reject("the answer has too many tool calls");
  calls_.push_back({std::move(id), std::move(name), text_of(&arguments)});
  const Call &call = calls_.back();
  return call.id.size() + call.name.size() + call.arguments.size();
}

Json ToolCalls::document() const {
  Json document = Json::array();
  for (std::size_t i = 0; i < calls_.size(); ++i) {
    const Call &call = calls_[i];
    if (call.name.empty()) reject("the answer has a tool call without a name");
    document.push_back(
        {{"id", call.id.empty() ? "call_" + std::to_string(i) : database_text(call.id)},
         {"type", "function"},
         {"function",
          {{"name", database_text(call.name)}, {"arguments", database_text(call.arguments)}}}});
  }
  return document;
}

}  // namespace courier::text
