// tool_calls.hpp -- the calls of tools that a model wants, put together from fragments.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace courier::text {

class ToolCalls {
 public:
  static constexpr std::size_t max_calls = 128;

  // [{"index", "id", "function": {"name", "arguments"}}], as servers that are compatible with
  // OpenAI's write it: whole, or a fragment of each. Returns how many bytes it adds. Throws
  // AttemptError(bad_response).
  std::size_t add_fragments(const nlohmann::json &calls);
  // One that is whole. arguments: a text, or the value that is written as one.
  std::size_t add(std::string id, std::string name, const nlohmann::json &arguments);

  bool empty() const noexcept { return calls_.empty(); }
  // [{"id", "type": "function", "function": {"name", "arguments": "JSON"}}]: in this form they can
  // be said back to the model.
  nlohmann::json document() const;

 private:
  struct Call {
    std::string id;
    std::string name;
    std::string arguments;
  };

  std::size_t place(const nlohmann::json &fragment) const;

  std::vector<Call> calls_;
};

}  // namespace courier::text
