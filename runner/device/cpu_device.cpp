#include <ATen/Parallel.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>

#include "runner/device/device.hpp"
#include "runner/device/rgb8.hpp"

namespace runner {
namespace {

std::string processor_name() {
  std::ifstream stream("/proc/cpuinfo");
  for (std::string line; std::getline(stream, line);) {
    const auto colon = line.find(": ");
    if (line.starts_with("model name") && colon != line.npos) return line.substr(colon + 2);
  }
  return "CPU";
}

uint64_t available_memory_bytes() {
  std::ifstream stream("/proc/meminfo");
  std::string key, unit;
  for (uint64_t kilobytes = 0; stream >> key >> kilobytes; std::getline(stream, unit)) {
    if (key == "MemAvailable:") return kilobytes * 1024;
  }
  return 0;
}

uint64_t resident_bytes() {
  std::ifstream stream("/proc/self/statm");
  uint64_t total = 0, resident = 0;
  stream >> total >> resident;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

class CpuDevice final : public Device {
 public:
  explicit CpuDevice(int threads) : threads_(threads) {}

  Placement placement() const override { return {}; }

  DeviceStatus status() const override {
    struct sysinfo info {};
    sysinfo(&info);
    return {"cpu",
            name_,
            static_cast<uint64_t>(info.totalram) * info.mem_unit,
            available_memory_bytes(),
            resident_bytes(),
            threads_};
  }

  void enter_thread() const override { at::set_num_threads(threads_); }

  std::vector<uint8_t> to_rgb8(const at::Tensor &decoded) const override {
    const auto rows = decoded.permute({1, 2, 0}).to(at::kFloat).contiguous();
    std::vector<uint8_t> bytes(static_cast<size_t>(rows.numel()));
    const auto *values = rows.data_ptr<float>();
    for (size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = rgb8_from_decoded(values[i]);
    return bytes;
  }

 private:
  int threads_;
  std::string name_ = processor_name();
};

}  // namespace

std::unique_ptr<Device> open_cpu(int threads) {
  if (threads < 0) throw std::invalid_argument("the number of threads cannot be negative");
  if (threads == 0) threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  return std::make_unique<CpuDevice>(threads);
}

}  // namespace runner
