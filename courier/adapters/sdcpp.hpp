// sdcpp.hpp -- the job API of stable-diffusion.cpp's server: /sdcpp/v1/img_gen and vid_gen.
#pragma once

#include <memory>

#include "courier/adapters/adapter.hpp"

namespace courier {

std::unique_ptr<Adapter> make_sdcpp(const wire::Submit &submit, const std::string &spool_folder);

}  // namespace courier
