#include "courier/adapters/http_json.hpp"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "courier/adapters/http_json_options.hpp"
#include "courier/http_status.hpp"
#include "courier/json/skeleton.hpp"
#include "courier/json/tokenizer.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;
using wire::ErrorClass;

// A result is a value in a row, not a file.
constexpr std::uint64_t max_result_bytes = std::uint64_t{1} << 20;
constexpr std::size_t max_result_values = 100000;

[[noreturn]] void reject(const std::string &why) {
  throw AttemptError(ErrorClass::bad_response, why);
}

std::string text_of(const Json &value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

void replace_nul(std::string &text) {
  for (std::size_t at = text.find('\0'); at != std::string::npos; at = text.find('\0', at))
    text.replace(at, 1, "\uFFFD");
}

// jsonb refuses the character U+0000, which JSON allows.
Json without_nul(Json value) {
  if (value.is_string()) replace_nul(value.get_ref<std::string &>());
  if (value.is_array())
    for (Json &member : value)
      member = without_nul(std::move(member));
  if (!value.is_object()) return value;
  Json clean = Json::object();
  for (auto &[key, member] : value.items()) {
    std::string name = key;
    replace_nul(name);
    clean[name] = without_nul(std::move(member));
  }
  return clean;
}

const Json *find(const Json &document, const Json::json_pointer &place) {
  return document.contains(place) ? &document.at(place) : nullptr;
}

class HttpJson : public Adapter {
 public:
  explicit HttpJson(const wire::Submit &submit)
      : options_(parse_http_json_options(submit.options)),
        model_(submit.model),
        parameters_(submit.parameters),
        max_bytes_(std::min(max_result_bytes, submit.max_output_bytes)),
        skeleton_([](const json::Path &) { return nullptr; }, {max_result_values, max_bytes_}),
        tokenizer_(skeleton_) {}

  HttpRequest request() override;
  std::size_t max_outputs() const override { return 0; }
  void begin_response(const ResponseHead &head) override;
  void consume(std::string_view body) override;
  Result finish() override;
  AttemptError explain(const ResponseHead &head, std::string_view body) const override;

 private:
  struct Error {
    std::string message;
    std::optional<ErrorClass> error_class;
  };

  std::optional<Error> find_error(const Json &document) const;
  std::string message_of(const Json &document, const Json &error) const;

  HttpJsonOptions const options_;
  std::string const model_;
  std::string parameters_;
  std::uint64_t const max_bytes_;
  json::Skeleton skeleton_;
  json::Tokenizer tokenizer_;
  std::string body_;
};

HttpRequest HttpJson::request() {
  std::string body = std::move(parameters_);
  if (!options_.model_key.empty()) {
    Json document = Json::parse(body, nullptr, false);
    if (!document.is_object())
      throw AttemptError(ErrorClass::invalid_input, "the parameters are not a JSON object");
    document[options_.model_key] = model_;
    body = document.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  return {options_.path,
          {"Content-Type: application/json", "Accept: application/json"},
          std::move(body)};
}

void HttpJson::begin_response(const ResponseHead &head) {
  if (!is_json_type(head.content_type))
    reject("the server answers with " + head.content_type + " instead of JSON");
}

void HttpJson::consume(std::string_view body) {
  if (body_.size() + body.size() > max_bytes_)
    throw AttemptError(ErrorClass::too_large,
                       "the answer has more than " + std::to_string(max_bytes_) + " bytes");
  try {
    tokenizer_.feed(body);
  } catch (const json::Error &error) {
    reject(std::string("the answer is not usable JSON: ") + error.what());
  }
  body_ += body;
}

Result HttpJson::finish() {
  try {
    tokenizer_.finish();
  } catch (const json::Error &error) {
    reject(std::string("the answer is not usable JSON: ") + error.what());
  }
  const Json &document = skeleton_.document();
  if (auto const error = find_error(document))
    throw AttemptError(error->error_class.value_or(ErrorClass::bad_response),
                       "the server reports an error with status 200: " + error->message);
  const Json *const result = find(document, options_.result);
  if (result == nullptr)
    reject("the answer has nothing at " + options_.result.to_string() +
           ", where the result should be");
  bool const verbatim = options_.result.empty() && body_.find("\\u0000") == std::string::npos;
  // The answer's own text keeps numbers that no double can hold.
  return {{}, "{}", verbatim ? std::move(body_) : without_nul(*result).dump()};
}

// Null, false and nothing are no errors: many answers always have the member.
std::optional<HttpJson::Error> HttpJson::find_error(const Json &document) const {
  const Json *const error = find(document, options_.error);
  if (error == nullptr || error->is_null() || *error == false || *error == "" ||
      (error->is_structured() && error->empty()))
    return std::nullopt;
  Error found{message_of(document, *error), std::nullopt};
  if (const Json *const code = find(document, options_.error_code)) {
    auto const known = options_.error_classes.find(text_of(*code));
    if (known != options_.error_classes.end()) found.error_class = known->second;
  }
  return found;
}

std::string HttpJson::message_of(const Json &document, const Json &error) const {
  if (options_.error_message) {
    const Json *const message = find(document, *options_.error_message);
    if (message != nullptr && !message->is_null()) return text_of(*message);
  }
  for (const char *const name : {"message", "detail"})
    if (error.is_object() && error.contains(name)) return text_of(error.at(name));
  return text_of(error);
}

AttemptError HttpJson::explain(const ResponseHead &head, std::string_view body) const {
  ErrorClass const by_status = class_of_status(head.status, head.has_retry_after);
  std::string const message = "the server answers " + std::to_string(head.status);
  Json const document = Json::parse(body, nullptr, false);
  if (document.is_discarded()) return {by_status, message};
  auto const error = find_error(document);
  if (!error) return {by_status, message};
  return {error->error_class.value_or(by_status), message + ": " + error->message};
}

}  // namespace

std::unique_ptr<Adapter> make_http_json(const wire::Submit &submit, const std::string &) {
  return std::make_unique<HttpJson>(submit);
}

}  // namespace courier
