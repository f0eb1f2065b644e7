// a1111.hpp -- AUTOMATIC1111's web UI and those with its API, such as Forge: one request, which
// stays open until the pictures are there.
#pragma once

#include <memory>

#include "courier/adapters/adapter.hpp"

namespace courier {

std::unique_ptr<Adapter> make_a1111(const wire::Submit &submit, const std::string &spool_folder);

}  // namespace courier
