// ollama_request.hpp -- parameters, and messages as OpenAI writes them, in the words of Ollama.
#pragma once

#include <string>

namespace courier {

struct ChatParameters;

// of_chat: /api/chat, else /api/generate. Throws AttemptError(invalid_input).
std::string make_ollama_body(const std::string &model, const ChatParameters &parameters,
                             bool of_chat);

// Whether these parameters are such as only /api/generate has.
bool is_for_generate(const ChatParameters &parameters);

}  // namespace courier
