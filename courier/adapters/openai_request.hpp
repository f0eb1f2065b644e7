// openai_request.hpp -- normalised parameters in the words of /images/generations.
#pragma once

#include <cstddef>
#include <string>

namespace courier {

struct OpenaiRequest {
  std::string body;
  std::size_t picture_count = 1;
};

// Throws AttemptError(invalid_input).
OpenaiRequest make_openai_request(const std::string &model, const std::string &parameters);

}  // namespace courier
