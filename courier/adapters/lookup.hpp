// lookup.hpp -- asks a server what became of a request whose answer was lost.
//
// Where the answer is the result, the adapter that made the request takes it.
#pragma once

#include <memory>

#include "courier/adapters/adapter.hpp"

namespace courier {

// inner: the adapter of the request, made with the same options but for the place of the result.
// Throws AttemptError(invalid_input) when the options do not say how to ask.
std::unique_ptr<Adapter> make_lookup(const wire::Submit &submit, std::unique_ptr<Adapter> inner);

// The options with which the adapter takes a result from the answer to a lookup.
std::string options_of_lookup(const std::string &options);

}  // namespace courier
