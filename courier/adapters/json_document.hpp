// json_document.hpp -- GET of a small JSON document that is the answer itself: the public keys of a
// provider.
#pragma once

#include <memory>

#include "courier/adapters/adapter.hpp"

namespace courier {

// submit.url is the document.
std::unique_ptr<Adapter> make_json_document(const wire::Submit &submit);

}  // namespace courier
