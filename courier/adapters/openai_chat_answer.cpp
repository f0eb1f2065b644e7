#include "courier/adapters/openai_chat_answer.hpp"

#include <array>
#include <string>
#include <string_view>

#include "courier/adapters/openai_error.hpp"
#include "courier/attempt_error.hpp"
#include "courier/json/members.hpp"
#include "wire/text.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;
using text::FinishReason;
using text::TextAnswer;
using wire::ErrorClass;

constexpr std::size_t max_word_bytes = 60;
constexpr std::size_t max_timings = 32;

struct KnownReason {
  std::string_view word;
  FinishReason reason;
};

// Those of OpenAI first, then what others call the same.
constexpr std::array known_reasons = {
    KnownReason{"stop", FinishReason::stop},
    KnownReason{"length", FinishReason::length},
    KnownReason{"tool_calls", FinishReason::tool_calls},
    KnownReason{"function_call", FinishReason::tool_calls},
    KnownReason{"eos_token", FinishReason::stop},
    KnownReason{"stop_sequence", FinishReason::stop},
    KnownReason{"end_turn", FinishReason::stop},
    KnownReason{"model_length", FinishReason::length},
    KnownReason{"max_tokens", FinishReason::length},
};

void finish(const std::string &word, TextAnswer &answer) {
  if (word == "content_filter")
    throw AttemptError(ErrorClass::content_policy,
                       "the server's content filter stopped the answer");
  for (const KnownReason &known : known_reasons)
    if (known.word == word) return answer.finish(known.reason);
  throw AttemptError(ErrorClass::bad_response,
                     "the model stopped for a reason that nobody knows: " +
                         wire::clean_text(word, max_word_bytes, wire::Lines::one));
}

// A text, or as some servers write it, an array of parts.
void add_content(const Json &content, TextAnswer &answer) {
  if (content.is_string()) return answer.add_text(content.get<std::string>());
  if (!content.is_array()) return;
  for (const Json &part : content)
    answer.add_text(json::text(part, "text"));
}

void add_message(const Json &message, TextAnswer &answer) {
  // vLLM and OpenRouter call it "reasoning".
  std::string reasoning = json::text(message, "reasoning_content");
  answer.add_reasoning(reasoning.empty() ? json::text(message, "reasoning") : reasoning);
  if (const Json *const content = json::member(message, "content")) add_content(*content, answer);
  answer.add_refusal(json::text(message, "refusal"));
  if (const Json *const calls = json::member(message, "tool_calls")) answer.add_tool_calls(*calls);
}

void add_choice(const Json &choice, TextAnswer &answer) {
  if (json::count(choice, "index").value_or(0) != 0)
    throw AttemptError(ErrorClass::bad_response, "the answer has more than the one asked for");
  for (const char *const name : {"delta", "message"})
    add_message(json::structure(choice, name), answer);
  std::string const word = json::text(choice, "finish_reason");
  if (!word.empty()) finish(word, answer);
}

// llama-server: what the GPU did, in milliseconds.
void note_timings(const Json &timings, TextAnswer &answer) {
  Json kept = Json::object();
  if (timings.is_object())
    for (const auto &[name, value] : timings.items())
      if (value.is_number() && kept.size() < max_timings)
        kept[wire::clean_text(name, max_word_bytes, wire::Lines::one)] = value;
  if (!kept.empty()) answer.facts["timings"] = std::move(kept);
}

}  // namespace

text::Usage read_openai_usage(const Json &usage) {
  const Json &prompt = json::structure(usage, "prompt_tokens_details");
  const Json &completion = json::structure(usage, "completion_tokens_details");
  return {json::count(usage, "prompt_tokens"), json::count(usage, "completion_tokens"),
          json::count(usage, "total_tokens"), json::count(prompt, "cached_tokens"),
          json::count(completion, "reasoning_tokens")};
}

void read_chat_document(const Json &document, TextAnswer &answer) {
  if (auto const error = find_openai_error(document))
    throw AttemptError(error->error_class.value_or(ErrorClass::bad_response),
                       "the server reports an error with status 200: " + error->message);
  for (const char *const name : {"id", "model", "system_fingerprint"})
    note_fact(answer, document, name);
  if (const Json *const usage = json::member(document, "usage"))
    answer.usage = read_openai_usage(*usage);
  note_timings(json::structure(document, "timings"), answer);
  const Json &choices = json::structure(document, "choices");
  if (choices.is_array())
    for (const Json &choice : choices)
      add_choice(choice, answer);
}

}  // namespace courier
