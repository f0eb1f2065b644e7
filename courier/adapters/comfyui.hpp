// comfyui.hpp -- ComfyUI: a workflow is queued, asked for, and its files are fetched one by one.
#pragma once

#include <memory>

#include "courier/adapters/adapter.hpp"

namespace courier {

std::unique_ptr<Adapter> make_comfyui(const wire::Submit &submit, const std::string &spool_folder);

}  // namespace courier
