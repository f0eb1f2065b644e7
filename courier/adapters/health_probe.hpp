// health_probe.hpp -- GET of a path that costs nothing, to find out whether a server is well.
//
// Any answer with status 2xx is a good one. What is in it does not matter.
#pragma once

#include <memory>

#include "courier/adapters/adapter.hpp"

namespace courier {

// submit.parameters is the path: with a slash at its beginning from the root of the server, else
// behind the endpoint's URL.
std::unique_ptr<Adapter> make_health_probe(const wire::Submit &submit);

}  // namespace courier
