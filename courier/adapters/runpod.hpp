// runpod.hpp -- the queue of a serverless endpoint of RunPod.
#pragma once

#include <memory>
#include <string>

#include "courier/adapters/adapter.hpp"

namespace courier {

std::unique_ptr<Adapter> make_runpod(const wire::Submit &submit, const std::string &spool_folder);

}  // namespace courier
