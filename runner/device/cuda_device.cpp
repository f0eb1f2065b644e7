#include "runner/device/cuda_device.hpp"

#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <stdexcept>
#include <string>

#include "runner/device/cuda_runtime.hpp"

namespace runner {
namespace {

class CudaDevice final : public Device {
 public:
  explicit CudaDevice(int index)
      : index_(static_cast<c10::DeviceIndex>(index)),
        name_(cuda::inventory(index).name),
        stream_(index) {
    // The same seed is to give the same bytes, and float32 is to mean float32.
    at::globalContext().setDeterministicCuDNN(true);
    at::globalContext().setAllowTF32CuDNN(false);
  }

  Placement placement() const override {
    return {{at::kCUDA, index_}, at::kFloat, at::MemoryFormat::Contiguous};
  }

  DeviceStatus status() const override {
    const auto now = cuda::inventory(index_);
    const auto used = c10::cuda::CUDACachingAllocator::getDeviceStats(index_);
    constexpr auto all = 0;  // of the allocator's kinds of pools: their sum
    return {"cuda:" + std::to_string(index_),
            name_,
            now.memory_total_bytes,
            now.memory_free_bytes,
            static_cast<uint64_t>(used.reserved_bytes[all].current),
            0};
  }

  // libtorch's current device and stream are per thread; from here on its work is in our stream's
  // order.
  void enter_thread() const override {
    c10::cuda::set_device(index_);
    c10::cuda::setCurrentCUDAStream(c10::cuda::getStreamFromExternal(stream_.get(), index_));
  }

  std::vector<uint8_t> to_rgb8(const at::Tensor &decoded) const override {
    const auto planes = decoded.to(at::kFloat).contiguous();
    return cuda::to_rgb8(planes.data_ptr<float>(), planes.size(1) * planes.size(2), index_,
                         c10::cuda::getCurrentCUDAStream(index_).stream());
  }

 private:
  c10::DeviceIndex index_;
  std::string name_;
  cuda::Stream stream_;
};

}  // namespace

int cuda_device_count() { return cuda::device_count(); }

std::unique_ptr<Device> open_cuda(int index) {
  const auto count = cuda::device_count();
  if (index >= count) {
    throw std::invalid_argument("there is no device cuda:" + std::to_string(index) + "; found " +
                                std::to_string(count) + " CUDA devices");
  }
  return std::make_unique<CudaDevice>(index);
}

}  // namespace runner
