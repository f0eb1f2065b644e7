#include "courier/text/text_answer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "courier/attempt_error.hpp"
#include "courier/json/members.hpp"
#include "courier/text/database_text.hpp"
#include "wire/text.hpp"

namespace courier::text {

namespace {

using Json = nlohmann::json;

constexpr std::size_t max_fact_bytes = 200;

std::int64_t steady_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

const char *name_of(FinishReason reason) {
  switch (reason) {
    case FinishReason::length:
      return "length";
    case FinishReason::tool_calls:
      return "tool_calls";
    case FinishReason::stop:
      break;
  }
  return "stop";
}

double rounded(double value) { return std::round(value * 10) / 10; }

Json document_of(const Usage &usage) {
  Json document = Json::object();
  auto const add = [&document](const char *name, std::optional<std::int64_t> value) {
    if (value) document[name] = *value;
  };
  add("prompt_tokens", usage.prompt_tokens);
  add("completion_tokens", usage.completion_tokens);
  add("total_tokens", usage.total_tokens);
  add("cached_tokens", usage.cached_tokens);
  add("reasoning_tokens", usage.reasoning_tokens);
  return document;
}

}  // namespace

TextAnswer::TextAnswer(std::uint64_t max_bytes)
    : max_bytes_(std::min(max_bytes, most_bytes)), begun_us_(steady_us()) {}

void TextAnswer::begin(bool bit_by_bit) {
  bit_by_bit_ = bit_by_bit;
  usage = {};
  facts = Json::object();
  bytes_ = 0;
  text_.clear();
  new_text_.clear();
  reasoning_.clear();
  refusal_.clear();
  tool_calls_ = {};
  finish_reason_.reset();
  first_us_ = 0;
  last_us_ = 0;
}

void TextAnswer::account(std::size_t bytes) {
  bytes_ += bytes;
  if (bytes_ > max_bytes_)
    throw AttemptError(wire::ErrorClass::too_large,
                       "the answer says more than " + std::to_string(max_bytes_) + " bytes");
  if (bytes > 0) note_token();
}

void TextAnswer::note_token() {
  last_us_ = steady_us();
  if (first_us_ == 0) first_us_ = last_us_;
}

void TextAnswer::add_text(std::string text) {
  text = database_text(std::move(text));
  account(text.size());
  text_ += text;
  new_text_ += text;
}

void TextAnswer::add_reasoning(std::string text) {
  text = database_text(std::move(text));
  account(text.size());
  reasoning_ += text;
}

void TextAnswer::add_refusal(std::string text) {
  text = database_text(std::move(text));
  account(text.size());
  refusal_ += text;
}

void TextAnswer::add_tool_calls(const Json &calls) { account(tool_calls_.add_fragments(calls)); }

void TextAnswer::add_tool_call(std::string id, std::string name, const Json &arguments) {
  account(tool_calls_.add(std::move(id), std::move(name), arguments));
}

std::string TextAnswer::result() const {
  // Some servers say "stop" where what they stopped for is a tool.
  FinishReason reason = finish_reason_.value_or(FinishReason::stop);
  if (reason == FinishReason::stop && !tool_calls_.empty()) reason = FinishReason::tool_calls;
  Json document = {{"text", text_}, {"finish_reason", name_of(reason)}};
  if (!tool_calls_.empty()) document["tool_calls"] = tool_calls_.document();
  if (!reasoning_.empty()) document["reasoning"] = reasoning_;
  if (!refusal_.empty()) document["refusal"] = refusal_;
  return document.dump();
}

std::string TextAnswer::metadata() const {
  constexpr double us_per_ms = 1000;
  constexpr double us_per_second = 1e6;
  constexpr double least_seconds = 0.001;  // what came sooner tells nothing
  Json document = facts;
  Json counts = document_of(usage);
  if (!counts.empty()) document["usage"] = std::move(counts);
  if (bit_by_bit_ && first_us_ != 0) {
    document["first_token_ms"] = rounded(static_cast<double>(first_us_ - begun_us_) / us_per_ms);
    double const seconds = static_cast<double>(last_us_ - first_us_) / us_per_second;
    auto const tokens = static_cast<double>(usage.completion_tokens.value_or(0));
    if (tokens > 1 && seconds >= least_seconds)
      document["tokens_per_second"] = rounded((tokens - 1) / seconds);
  }
  return document.dump();
}

void note_fact(TextAnswer &answer, const Json &document, const char *name) {
  std::string fact = wire::clean_text(json::text(document, name), max_fact_bytes, wire::Lines::one);
  if (!fact.empty()) answer.facts[name] = std::move(fact);
}

}  // namespace courier::text
