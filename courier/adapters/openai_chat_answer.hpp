// openai_chat_answer.hpp -- what the documents of /chat/completions say, whole ones and chunks.
#pragma once

#include <nlohmann/json.hpp>

#include "courier/text/text_answer.hpp"

namespace courier {

// Adds what a document says to the answer. Throws AttemptError: for an error in it, for an answer
// that was refused for its content, for a reason to stop that nobody knows (bad_response).
void read_chat_document(const nlohmann::json &document, text::TextAnswer &answer);

// prompt_tokens and so on, as OpenAI writes them.
text::Usage read_openai_usage(const nlohmann::json &usage);

}  // namespace courier
