// The CUDA runtime calls that are ours: inventory, memory accounting, streams and the last step of
// a picture. Plain types only, so that nvcc does not have to read libtorch's headers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

struct CUstream_st;

namespace runner::cuda {

struct Inventory {
  std::string name;
  uint64_t memory_total_bytes, memory_free_bytes;
};

// 0 also when there is no driver.
int device_count();

// The functions below throw std::runtime_error with CUDA's own message.
Inventory inventory(int device);

// A stream of our own, so that work for one picture never waits for the default stream's.
class Stream {
 public:
  explicit Stream(int device);
  ~Stream();
  Stream(const Stream &) = delete;
  Stream &operator=(const Stream &) = delete;

  CUstream_st *get() const { return stream_; }

 private:
  int device_;
  CUstream_st *stream_ = nullptr;
};

// `decoded` is a float picture (3, height, width) in the device's memory, written on the stream
// before. Returns its interleaved RGB bytes once they have arrived.
std::vector<uint8_t> to_rgb8(const float *decoded, int64_t pixels, int device, CUstream_st *stream);

}  // namespace runner::cuda
