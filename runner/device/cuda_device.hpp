// Compiled only where both libtorch and the build have CUDA.
#pragma once

#include <memory>

#include "runner/device/device.hpp"

namespace runner {

int cuda_device_count();
std::unique_ptr<Device> open_cuda(int index);

}  // namespace runner
