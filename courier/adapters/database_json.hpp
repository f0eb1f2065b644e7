// database_json.hpp -- JSON as jsonb takes it: without the character U+0000.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace courier {

// The text of a document, with U+FFFD for U+0000 and for what is not valid UTF-8.
std::string database_json(const nlohmann::json &document);

}  // namespace courier
