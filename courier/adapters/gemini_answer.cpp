#include "courier/adapters/gemini_answer.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <string>

#include "courier/adapters/json_answer.hpp"
#include "courier/http_status.hpp"
#include "courier/json/members.hpp"
#include "wire/text.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;
using text::FinishReason;
using text::TextAnswer;
using wire::ErrorClass;

constexpr std::size_t max_word_bytes = 60;
constexpr std::size_t max_message_bytes = 500;

constexpr std::array<std::string_view, 9> refusals = {"SAFETY",
                                                      "RECITATION",
                                                      "BLOCKLIST",
                                                      "PROHIBITED_CONTENT",
                                                      "SPII",
                                                      "IMAGE_SAFETY",
                                                      "IMAGE_PROHIBITED_CONTENT",
                                                      "IMAGE_RECITATION",
                                                      "LANGUAGE"};

std::string clean_word(const std::string &word) {
  return wire::clean_text(word, max_word_bytes, wire::Lines::one);
}

void finish(const Json &candidate, TextAnswer &answer) {
  std::string const word = json::text(candidate, "finishReason");
  if (word.empty()) return;
  if (word == "STOP") return answer.finish(FinishReason::stop);
  if (word == "MAX_TOKENS") return answer.finish(FinishReason::length);
  std::string why = clean_word(word);
  std::string const more = json::text(candidate, "finishMessage");
  if (!more.empty()) why += ": " + wire::clean_text(more, max_message_bytes, wire::Lines::one);
  if (std::find(refusals.begin(), refusals.end(), word) != refusals.end())
    throw AttemptError(ErrorClass::content_policy,
                       "the answer was stopped for its content: " + why);
  throw AttemptError(ErrorClass::bad_response,
                     "the model stopped for a reason that is no end: " + why);
}

void add_part(const Json &part, TextAnswer &answer) {
  const Json *const thought = json::member(part, "thought");
  std::string text = json::text(part, "text");
  if (thought != nullptr && *thought == true)
    answer.add_reasoning(std::move(text));
  else
    answer.add_text(std::move(text));
  const Json &call = json::structure(part, "functionCall");
  if (!call.is_object()) return;
  const Json *const arguments = json::member(call, "args");
  answer.add_tool_call(json::text(call, "id"), json::text(call, "name"),
                       arguments != nullptr ? *arguments : Json::object());
}

void note_usage(const Json &usage, TextAnswer &answer) {
  auto const thought = json::count(usage, "thoughtsTokenCount");
  answer.usage.prompt_tokens = json::count(usage, "promptTokenCount");
  answer.usage.completion_tokens = json::count(usage, "candidatesTokenCount");
  answer.usage.total_tokens = json::count(usage, "totalTokenCount");
  answer.usage.cached_tokens = json::count(usage, "cachedContentTokenCount");
  answer.usage.reasoning_tokens = thought;
}

struct GeminiError {
  ErrorClass error_class = ErrorClass::bad_response;
  std::string message;
  std::chrono::milliseconds retry_after{0};
};

// "27s", "1.5s"
std::chrono::milliseconds duration_of(const std::string &duration) {
  constexpr double ms_per_second = 1000;
  constexpr double longest_ms = 86400 * ms_per_second;
  double const ms = std::strtod(duration.c_str(), nullptr) * ms_per_second;
  if (!std::isfinite(ms) || ms <= 0 || !duration.ends_with('s'))
    return std::chrono::milliseconds(0);
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::min(std::ceil(ms), longest_ms)));
}

// The status word says more than the number: a key that is wrong is a 400, too.
ErrorClass class_of(const Json &error) {
  std::string const status = json::text(error, "status");
  std::string const message = json::text(error, "message");
  for (const Json &detail : json::structure(error, "details"))
    if (json::text(detail, "reason").starts_with("API_KEY_")) return ErrorClass::auth;
  if (status == "FAILED_PRECONDITION" && message.find("billing") != std::string::npos)
    return ErrorClass::payment;
  if (status == "UNAUTHENTICATED" || status == "PERMISSION_DENIED") return ErrorClass::auth;
  if (status == "RESOURCE_EXHAUSTED") return ErrorClass::throttled;
  auto const code = json::count(error, "code").value_or(0);
  if (code < 400 || code > 599) return ErrorClass::bad_response;
  return class_of_status(static_cast<long>(code), false);
}

std::optional<GeminiError> find_error(const Json &answer) {
  // A stream without alt=sse is an array.
  const Json &document = answer.is_array() && !answer.empty() ? answer.front() : answer;
  const Json *const error = json::member(document, "error");
  if (error == nullptr) return std::nullopt;
  GeminiError found;
  found.error_class = class_of(*error);
  found.message = json::text(*error, "message");
  if (found.message.empty()) found.message = "an error without a message";
  for (const Json &detail : json::structure(*error, "details"))
    if (json::text(detail, "@type").ends_with("RetryInfo"))
      found.retry_after = duration_of(json::text(detail, "retryDelay"));
  return found;
}

void check_feedback(const Json &document) {
  const Json &feedback = json::structure(document, "promptFeedback");
  std::string const reason = json::text(feedback, "blockReason");
  if (reason.empty()) return;
  std::string const more = json::text(feedback, "blockReasonMessage");
  throw AttemptError(ErrorClass::content_policy, "the prompt was blocked: " + clean_word(reason) +
                                                     (more.empty() ? "" : ": " + more));
}

}  // namespace

void check_gemini_error(const Json &document) {
  auto const error = find_error(document);
  if (error)
    throw AttemptError(error->error_class,
                       "the server reports an error with status 200: " + error->message,
                       error->retry_after);
}

void read_gemini_document(const Json &document, TextAnswer &answer) {
  check_gemini_error(document);
  check_feedback(document);
  if (const Json *const usage = json::member(document, "usageMetadata")) note_usage(*usage, answer);
  note_fact(answer, document, "modelVersion");
  note_fact(answer, document, "responseId");
  const Json &candidates = json::structure(document, "candidates");
  if (candidates.size() > 1)
    throw AttemptError(ErrorClass::bad_response, "the answer has more than the one asked for");
  for (const Json &candidate : candidates) {
    for (const Json &part : json::structure(json::structure(candidate, "content"), "parts"))
      add_part(part, answer);
    finish(candidate, answer);
  }
}

AttemptError explain_gemini_status(const ResponseHead &head, std::string_view body) {
  std::string const message = "the server answers " + std::to_string(head.status);
  auto const error = find_error(json_or_null(body));
  if (!error) return {class_of_status(head.status, head.has_retry_after), message};
  bool const says_class = error->error_class != ErrorClass::bad_response;
  return {says_class ? error->error_class : class_of_status(head.status, head.has_retry_after),
          message + ": " + error->message, error->retry_after};
}

}  // namespace courier
