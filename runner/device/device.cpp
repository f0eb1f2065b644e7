#include "runner/device/device.hpp"

#include <charconv>
#include <optional>
#include <stdexcept>

#ifdef ATELIER_WITH_CUDA
#include "runner/device/cuda_device.hpp"
#endif

namespace runner {
namespace {

std::optional<int> cuda_index(const std::string &device) {
  if (device == "cuda") return 0;
  if (!device.starts_with("cuda:")) return std::nullopt;
  int index = -1;
  const auto *begin = device.data() + 5;
  const auto *end = device.data() + device.size();
  const auto [stopped, error] = std::from_chars(begin, end, index);
  if (error != std::errc() || stopped != end || index < 0) return std::nullopt;
  return index;
}

#ifdef ATELIER_WITH_CUDA
bool has_cuda() { return cuda_device_count() > 0; }
#else
bool has_cuda() { return false; }
std::unique_ptr<Device> open_cuda(int) {
  throw std::invalid_argument("this atelier-runner was built without CUDA");
}
#endif

}  // namespace

std::unique_ptr<Device> open_device(const DeviceOptions &options) {
  if (options.device == "cpu" || (options.device == "auto" && !has_cuda())) {
    return open_cpu(options.threads);
  }
  if (options.device == "auto") return open_cuda(0);
  if (const auto index = cuda_index(options.device)) return open_cuda(*index);
  throw std::invalid_argument("unknown device \"" + options.device +
                              "\"; expected auto, cpu or cuda:N");
}

}  // namespace runner
