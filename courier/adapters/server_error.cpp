#include "courier/adapters/server_error.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "courier/adapters/json_answer.hpp"
#include "courier/http_status.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;

const Json *member(const Json &object, const char *name) {
  if (!object.is_object()) return nullptr;
  auto const found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

// {"loc": ["body", "steps"], "msg": "not an integer"} is "body.steps: not an integer".
std::string problem_text(const Json &problem) {
  const Json *const text = member(problem, "msg");
  if (text == nullptr || !text->is_string()) return {};
  std::string place;
  if (const Json *const steps = member(problem, "loc"); steps != nullptr && steps->is_array())
    for (const Json &step : *steps)
      place += (place.empty() ? "" : ".") +
               (step.is_string() ? step.get<std::string>()
                                 : step.dump(-1, ' ', false, Json::error_handler_t::replace));
  return (place.empty() ? "" : place + ": ") + text->get<std::string>();
}

std::string text_in(const Json &value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_array()) {
    std::string all;
    for (const Json &problem : value)
      if (std::string const one = problem_text(problem); !one.empty())
        all += (all.empty() ? "" : "; ") + one;
    return all;
  }
  if (const Json *const message = member(value, "message"))
    if (message->is_string()) return message->get<std::string>();
  return {};
}

}  // namespace

std::string server_error_text(const Json &body) {
  for (const char *const name : {"error", "message", "detail"}) {
    const Json *const found = member(body, name);
    std::string text = found != nullptr ? text_in(*found) : "";
    if (!text.empty()) return text;
  }
  return {};
}

bool is_out_of_memory(std::string_view text) {
  constexpr std::array<std::string_view, 3> signs = {"out of memory", "outofmemory",
                                                     "failed to allocate"};
  std::string small(text);
  std::transform(small.begin(), small.end(), small.begin(),
                 [](unsigned char byte) { return static_cast<char>(std::tolower(byte)); });
  return std::any_of(signs.begin(), signs.end(), [&small](std::string_view sign) {
    return small.find(sign) != std::string::npos;
  });
}

AttemptError server_error(const ResponseHead &head, std::string_view body,
                          const std::string &doing) {
  std::string const text = server_error_text(json_or_null(body));
  std::string message = (doing.empty() ? "" : doing + ", ") + "the server answers " +
                        std::to_string(head.status) + (text.empty() ? "" : ": " + text);
  constexpr long first_server_error = 500;
  bool const crashed = head.status >= first_server_error && is_out_of_memory(text);
  return {
      crashed ? wire::ErrorClass::worker_crash : class_of_status(head.status, head.has_retry_after),
      std::move(message)};
}

}  // namespace courier
