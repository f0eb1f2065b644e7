#include "courier/adapters/http_json_answer.hpp"

#include <algorithm>
#include <cmath>

#include "courier/adapters/database_json.hpp"

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

std::string message_of(const HttpJsonOptions &options, const Json &document, const Json &error) {
  if (options.error_message) {
    const Json *const message = find_value(document, *options.error_message);
    if (message != nullptr && !message->is_null()) return text_of_value(*message);
  }
  for (const char *const name : {"message", "detail"})
    if (error.is_object() && error.contains(name)) return text_of_value(error.at(name));
  return text_of_value(error);
}

}  // namespace

HttpJsonAnswer::HttpJsonAnswer(const HttpJsonOptions &options, const std::string &spool_folder,
                               std::uint64_t max_output_bytes)
    : options_(options),
      max_bytes_(std::min(max_result_bytes, max_output_bytes)),
      outputs_(options, spool_folder, max_output_bytes),
      skeleton_([this](const json::Path &path) { return outputs_.divert(path); },
                {max_result_values, max_bytes_}),
      tokenizer_(skeleton_) {}

void HttpJsonAnswer::consume(std::string_view body) {
  // Outputs may be large, and are in files; what is left is bounded by the skeleton.
  bool const keep = options_.outputs.empty();
  if (keep && body_.size() + body.size() > max_bytes_)
    throw AttemptError(ErrorClass::too_large,
                       "the answer has more than " + std::to_string(max_bytes_) + " bytes");
  try {
    tokenizer_.feed(body);
  } catch (const json::Error &error) {
    throw AttemptError::unreadable(std::string("the answer is not usable JSON: ") + error.what());
  }
  if (keep) body_ += body;
}

const Json &HttpJsonAnswer::finish() {
  try {
    tokenizer_.finish();
  } catch (const json::Error &error) {
    throw AttemptError::unreadable(std::string("the answer is not usable JSON: ") + error.what());
  }
  return skeleton_.document();
}

std::string HttpJsonAnswer::result() {
  Json::json_pointer const place = options_.result.value_or(Json::json_pointer());
  const Json *const result = find_value(skeleton_.document(), place);
  if (result == nullptr)
    reject("the answer has nothing at " + place.to_string() + ", where the result should be");
  // The answer's own text keeps numbers that no double can hold.
  bool const verbatim =
      place.empty() && !body_.empty() && body_.find("\\u0000") == std::string::npos;
  return verbatim ? std::move(body_) : database_json(*result);
}

const Json *find_value(const Json &document, const Json::json_pointer &place) {
  return document.contains(place) ? &document.at(place) : nullptr;
}

std::string text_of_value(const Json &value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::optional<double> number_at(const Json &document,
                                const std::optional<Json::json_pointer> &place) {
  const Json *const value = place ? find_value(document, *place) : nullptr;
  if (value == nullptr || !value->is_number()) return std::nullopt;
  double const number = value->get<double>();
  return std::isfinite(number) ? std::optional(number) : std::nullopt;
}

std::optional<HttpJsonError> find_http_json_error(const HttpJsonOptions &options,
                                                  const Json &document) {
  const Json *const error = find_value(document, options.error);
  if (error == nullptr || error->is_null() || *error == false || *error == "" ||
      (error->is_structured() && error->empty()))
    return std::nullopt;
  HttpJsonError found{message_of(options, document, *error), std::nullopt};
  if (const Json *const code = find_value(document, options.error_code)) {
    auto const known = options.error_classes.find(text_of_value(*code));
    if (known != options.error_classes.end()) found.error_class = known->second;
  }
  return found;
}

}  // namespace courier
