// openai_embeddings.hpp -- POST /embeddings: OpenAI, vLLM, llama-server, LocalAI, Ollama's /v1.
//
// Exactly one vector of finite numbers for each text makes a success, all of the same length.
#pragma once

#include <memory>
#include <string>

#include "courier/adapters/adapter.hpp"

namespace courier {

std::unique_ptr<Adapter> make_openai_embeddings(const wire::Submit &submit, const std::string &);

}  // namespace courier
