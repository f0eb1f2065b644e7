// ollama.hpp -- POST /api/chat and /api/generate of Ollama.
//
// The answer comes as lines of JSON unless the parameter stream says false. Only one whose last
// line says "done" is a success; a line may be an error, whatever the status was.
#pragma once

#include <memory>
#include <string>

#include "courier/adapters/adapter.hpp"

namespace courier {

std::unique_ptr<Adapter> make_ollama(const wire::Submit &submit, const std::string &);

}  // namespace courier
