// openai_error.hpp -- error bodies of OpenAI-compatible servers, which also come with status 200.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "courier/adapters/adapter.hpp"

namespace courier {

struct OpenaiError {
  std::string message;
  std::optional<wire::ErrorClass> error_class;  // when its code or type is one we know
  bool is_precise = false;                      // it says more than the status
};

// {"error": {"message", "type", "code"}} or {"error": "text"}, or, as older vLLMs write it,
// {"object": "error", "message", "type", "code"}; nothing when there is no error in it.
std::optional<OpenaiError> find_openai_error(const nlohmann::json &document);

// What an answer that is not 2xx means: by its status, unless its body knows better.
AttemptError explain_openai_status(const ResponseHead &head, std::string_view body);

}  // namespace courier
