// fal.hpp -- the queue of fal.
#pragma once

#include <memory>
#include <string>

#include "courier/adapters/adapter.hpp"

namespace courier {

std::unique_ptr<Adapter> make_fal(const wire::Submit &submit, const std::string &spool_folder);

}  // namespace courier
