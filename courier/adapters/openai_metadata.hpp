// openai_metadata.hpp -- the small facts of an answer that are worth keeping beside its pictures.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "wire/messages.hpp"

namespace courier {

// A JSON object that jsonb accepts: created, model, usage, timings and, for each picture, its seed
// and prompt.
std::string openai_metadata(const nlohmann::json &document,
                            const std::vector<wire::Output> &outputs);

// data[index] of an answer, null if there is no such object.
const nlohmann::json *find_openai_entry(const nlohmann::json &document, std::size_t index);

// The seed the server reports for a picture, -1 if it does not.
std::int64_t openai_seed(const nlohmann::json &document, std::size_t index);

}  // namespace courier
