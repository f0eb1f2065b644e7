// openai_error.hpp -- error bodies of OpenAI-compatible servers, which also come with status 200.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "wire/error_class.hpp"

namespace courier {

struct OpenaiError {
  std::string message;
  std::optional<wire::ErrorClass> error_class;  // when its code or type is one we know
};

// {"error": {"message", "type", "code"}} or {"error": "text"}; nothing when there is no error in
// it.
std::optional<OpenaiError> find_openai_error(const nlohmann::json &document);

}  // namespace courier
