// chat_parameters.hpp -- what all adapters of language models take, before each puts it into the
// words of its protocol.
//
//   messages  what was said before: [{"role", "content"}], as OpenAI writes it
//   prompt    the newest message of the user, after those
//   system    what the model is told before all of them
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace courier {

struct ChatParameters {  // NOLINT(bugprone-exception-escape): moving JSON does not throw
  std::string system;
  nlohmann::json messages;  // an array of objects, that of the prompt last
  bool stream = true;
  nlohmann::json others;  // an object: every other parameter that is not null
};

// The parameters that are not null, without negative_prompt, which means nothing here, n, and a
// model, which is the job's. Throws AttemptError(invalid_input).
nlohmann::json read_parameters(const std::string &parameters);

// Throws AttemptError(invalid_input): nothing is said, more than one answer is asked for, or one of
// the above is of another type.
ChatParameters read_chat_parameters(const std::string &parameters);

[[noreturn]] void refuse_parameter(const std::string &why);

// The text of a body that is sent. Throws AttemptError(invalid_input) for one that is not UTF-8.
std::string request_text(const nlohmann::json &body);

}  // namespace courier
