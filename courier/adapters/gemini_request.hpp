// gemini_request.hpp -- parameters, and messages as OpenAI writes them, in the words of Google.
#pragma once

#include <cstddef>
#include <string>

namespace courier {

struct ChatParameters;

struct PredictRequest {
  std::string body;
  std::size_t picture_count = 1;
};

// :generateContent. Throws AttemptError(invalid_input), as all of these.
std::string make_gemini_body(const ChatParameters &parameters, bool wants_pictures);
// :predict of Imagen.
PredictRequest make_predict_body(const std::string &parameters);

// As a segment of a path.
std::string encode_model(const std::string &model);

}  // namespace courier
