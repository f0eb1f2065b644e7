// text_answer.hpp -- what a language model says, bit by bit and as a whole, and how fast.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "courier/text/tool_calls.hpp"

namespace courier::text {

enum class FinishReason { stop, length, tool_calls };

// What the server counted; what it does not say is not there.
struct Usage {
  std::optional<std::int64_t> prompt_tokens;
  std::optional<std::int64_t> completion_tokens;
  std::optional<std::int64_t> total_tokens;
  std::optional<std::int64_t> cached_tokens;
  std::optional<std::int64_t> reasoning_tokens;
};

class TextAnswer {
 public:
  // Escapes may make six bytes of one, and the whole must fit into a frame.
  static constexpr std::uint64_t most_bytes = std::uint64_t{2} << 20;

  // max_bytes: of everything that is said. From here on time counts.
  explicit TextAnswer(std::uint64_t max_bytes);

  // An answer begins; what an earlier one said is forgotten. bit_by_bit: times tell something.
  void begin(bool bit_by_bit);

  // These throw AttemptError(too_large). What is added is whole UTF-8, as it comes from JSON.
  void add_text(std::string text);
  void add_reasoning(std::string text);
  void add_refusal(std::string text);
  void add_tool_calls(const nlohmann::json &calls);
  void add_tool_call(std::string id, std::string name, const nlohmann::json &arguments);

  void finish(FinishReason reason) noexcept { finish_reason_ = reason; }
  bool is_finished() const noexcept { return finish_reason_.has_value(); }
  bool has_text() const noexcept { return !text_.empty(); }

  Usage usage;
  // Small facts besides, for metadata(): "model" and the like.
  nlohmann::json facts = nlohmann::json::object();

  // What was added to the text since the last call.
  std::string take_text() { return std::exchange(new_text_, {}); }

  // {"text", "finish_reason", "tool_calls"?, "reasoning"?, "refusal"?}. Throws AttemptError.
  std::string result() const;
  // Facts, "usage", and of an answer that came bit by bit "first_token_ms" and "tokens_per_second".
  std::string metadata() const;

 private:
  void account(std::size_t bytes);
  void note_token();

  std::uint64_t const max_bytes_;
  std::uint64_t bytes_ = 0;
  std::string text_;
  std::string new_text_;
  std::string reasoning_;
  std::string refusal_;
  ToolCalls tool_calls_;
  std::optional<FinishReason> finish_reason_;
  bool bit_by_bit_ = false;
  std::int64_t begun_us_ = 0;
  std::int64_t first_us_ = 0;
  std::int64_t last_us_ = 0;
};

// The member of that name, cleaned and clipped, becomes a fact if it is a text that is not empty.
void note_fact(TextAnswer &answer, const nlohmann::json &document, const char *name);

}  // namespace courier::text
