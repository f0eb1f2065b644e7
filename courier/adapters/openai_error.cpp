#include "courier/adapters/openai_error.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "courier/http_status.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;
using wire::ErrorClass;

struct KnownCode {
  std::string_view code;
  ErrorClass error_class;
};

constexpr std::array known_codes = {
    KnownCode{"content_policy_violation", ErrorClass::content_policy},
    KnownCode{"moderation_blocked", ErrorClass::content_policy},
    KnownCode{"content_filter", ErrorClass::content_policy},
    KnownCode{"insufficient_quota", ErrorClass::payment},
    KnownCode{"billing_hard_limit_reached", ErrorClass::payment},
    KnownCode{"billing_not_active", ErrorClass::payment},
    KnownCode{"rate_limit_exceeded", ErrorClass::throttled},
    KnownCode{"rate_limit_error", ErrorClass::throttled},
    KnownCode{"invalid_api_key", ErrorClass::auth},
    KnownCode{"authentication_error", ErrorClass::auth},
    KnownCode{"permission_error", ErrorClass::auth},
    KnownCode{"invalid_request_error", ErrorClass::invalid_input},
    KnownCode{"server_error", ErrorClass::overload},
    KnownCode{"overloaded_error", ErrorClass::overload},
};

std::string text_member(const Json &object, const char *name) {
  auto const found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

std::optional<ErrorClass> class_of_code(std::string_view code) {
  for (const KnownCode &known : known_codes)
    if (known.code == code) return known.error_class;
  return std::nullopt;
}

// llama-server's types, which say more than the HTTP status that it puts into the code.
constexpr std::array precise_types = {
    KnownCode{"unavailable_error", ErrorClass::throttled},  // the model is being loaded
    KnownCode{"exceed_context_size_error", ErrorClass::invalid_input},
    KnownCode{"not_supported_error", ErrorClass::invalid_input},
};

std::optional<ErrorClass> class_of_precise_type(const Json &error) {
  std::string const type = text_member(error, "type");
  for (const KnownCode &known : precise_types)
    if (known.code == type) return known.error_class;
  return std::nullopt;
}

// The code is more precise than the type; some servers put an HTTP status there.
std::optional<ErrorClass> class_of_error(const Json &error) {
  if (auto const by_code = class_of_code(text_member(error, "code"))) return by_code;
  if (auto const by_type = class_of_precise_type(error)) return by_type;
  auto const code = error.find("code");
  if (code != error.end() && code->is_number_integer()) {
    auto const status = code->get<std::int64_t>();
    if (status >= 400 && status < 600) return class_of_status(static_cast<long>(status), false);
  }
  return class_of_code(text_member(error, "type"));
}

// Where the error is: older vLLMs have no member for it.
const Json *find_error(const Json &document) {
  if (!document.is_object()) return nullptr;
  auto const error = document.find("error");
  if (error != document.end() && !error->is_null()) return &*error;
  return text_member(document, "object") == "error" ? &document : nullptr;
}

}  // namespace

std::optional<OpenaiError> find_openai_error(const Json &document) {
  const Json *const error = find_error(document);
  if (error == nullptr) return std::nullopt;

  OpenaiError found;
  if (error->is_string()) {
    found.message = error->get<std::string>();
  } else if (error->is_object()) {
    found.message = text_member(*error, "message");
    if (found.message.empty()) found.message = text_member(*error, "code");
    found.error_class = class_of_error(*error);
    found.is_precise = class_of_precise_type(*error).has_value();
  }
  if (found.message.empty()) found.message = "an error without a message";
  return found;
}

AttemptError explain_openai_status(const ResponseHead &head, std::string_view body) {
  ErrorClass error_class = class_of_status(head.status, head.has_retry_after);
  std::string message = "the server answers " + std::to_string(head.status);
  Json const document = Json::parse(body, nullptr, false);
  auto const error = find_openai_error(document);
  if (!error) {
    std::string const detail = document.is_object() ? text_member(document, "detail") : "";
    return {error_class, detail.empty() ? message : message + ": " + detail};
  }
  // A body may know better: a 429 that is about money, a 400 that is about the prompt's content.
  bool const is_client_error = head.status >= 400 && head.status < 500;
  bool const is_final =
      error->error_class == ErrorClass::content_policy || error->error_class == ErrorClass::payment;
  if (error->is_precise || (is_client_error && is_final)) error_class = *error->error_class;
  return {error_class, message + ": " + error->message};
}

}  // namespace courier
