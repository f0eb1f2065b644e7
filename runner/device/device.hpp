// A compute device: what the server needs to know of it, and the work that is not left to libtorch.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runner/checkpoint/placement.hpp"

namespace runner {

struct DeviceStatus {
  std::string id;    // "cpu", "cuda:0"
  std::string name;  // of the processor or the card
  uint64_t memory_total_bytes = 0;
  uint64_t memory_free_bytes = 0;
  uint64_t memory_used_bytes = 0;  // by this process
  int threads = 0;                 // 0 where it has no meaning
};

class Device {
 public:
  Device() = default;
  virtual ~Device() = default;
  Device(const Device &) = delete;
  Device &operator=(const Device &) = delete;

  virtual Placement placement() const = 0;
  virtual DeviceStatus status() const = 0;

  // Called once on every thread that computes.
  virtual void enter_thread() const = 0;

  // A decoded float picture (3, height, width) in -1..1 as interleaved RGB bytes.
  virtual std::vector<uint8_t> to_rgb8(const at::Tensor &decoded) const = 0;
};

struct DeviceOptions {
  std::string device = "auto";  // auto, cpu, cuda or cuda:N
  int threads = 0;              // 0: as many as there are processors
};

// Throws std::invalid_argument when there is no such device, or it was not compiled in.
std::unique_ptr<Device> open_device(const DeviceOptions &options);

std::unique_ptr<Device> open_cpu(int threads);

}  // namespace runner
