// openai_chat.hpp -- POST /chat/completions: OpenAI, vLLM, llama-server, LocalAI, TGI, Ollama's
// /v1.
//
// The answer comes as a stream of events unless the parameter stream says false. Only a stream that
// says why the model stopped and ends with [DONE] is a success: one that just ends was cut off.
#pragma once

#include <memory>
#include <string>

#include "courier/adapters/adapter.hpp"

namespace courier {

std::unique_ptr<Adapter> make_openai_chat(const wire::Submit &submit, const std::string &);

}  // namespace courier
