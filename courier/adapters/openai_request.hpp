// openai_request.hpp -- normalised parameters in the words of /images/generations and
// /images/edits.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

namespace courier {

struct OpenaiRequest {      // NOLINT(bugprone-exception-escape): moving JSON does not throw
  std::string body;         // in JSON
  nlohmann::json fields;    // the same, one by one
  nlohmann::json pictures;  // the parameters that are pictures to start from; null: none
  std::size_t picture_count = 1;
};

// Throws AttemptError(invalid_input).
OpenaiRequest make_openai_request(const std::string &model, const std::string &parameters);

}  // namespace courier
