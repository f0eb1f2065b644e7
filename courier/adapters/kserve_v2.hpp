// kserve_v2.hpp -- the KServe v2 inference protocol with the binary tensor extension, as Triton
// speaks it.
#pragma once

#include <memory>

#include "courier/adapters/adapter.hpp"

namespace courier {

std::unique_ptr<Adapter> make_kserve_v2(const wire::Submit &submit,
                                        const std::string &spool_folder);

}  // namespace courier
