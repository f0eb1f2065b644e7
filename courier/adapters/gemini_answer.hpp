// gemini_answer.hpp -- what documents of the Gemini API say, whole ones and those of a stream.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "courier/adapters/adapter.hpp"
#include "courier/text/text_answer.hpp"

namespace courier {

// Adds what a document says to the answer; pictures are somebody else's. Throws AttemptError: for
// an error in it, for what was refused for its content, for a reason to stop that is none
// (bad_response).
void read_gemini_document(const nlohmann::json &document, text::TextAnswer &answer);

// Throws AttemptError when the document is an error.
void check_gemini_error(const nlohmann::json &document);

AttemptError explain_gemini_status(const ResponseHead &head, std::string_view body);

}  // namespace courier
