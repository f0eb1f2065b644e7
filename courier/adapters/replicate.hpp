// replicate.hpp -- predictions, deployments and trainings of Replicate's HTTP API.
#pragma once

#include <memory>
#include <string>

#include "courier/adapters/adapter.hpp"

namespace courier {

std::unique_ptr<Adapter> make_replicate(const wire::Submit &submit,
                                        const std::string &spool_folder);

}  // namespace courier
