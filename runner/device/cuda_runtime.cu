#include <cuda_runtime.h>

#include <algorithm>
#include <stdexcept>

#include "runner/device/cuda_runtime.hpp"
#include "runner/device/rgb8.hpp"

namespace runner::cuda {
namespace {

constexpr int channels = 3;
constexpr int threads_per_block = 256;
constexpr int64_t max_blocks = 65'535;

void check(cudaError_t result, const char *what) {
  if (result != cudaSuccess) {
    throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(result));
  }
}

// Planes of floats to interleaved bytes: neighbouring threads read neighbouring floats of each
// plane.
__global__ void interleave(const float *decoded, int64_t pixels, uint8_t *rgb) {
  const int64_t stride = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < pixels;
       i += stride) {
    for (int c = 0; c < channels; ++c) {
      rgb[channels * i + c] = rgb8_from_decoded(decoded[c * pixels + i]);
    }
  }
}

// Device memory that belongs to the stream it was asked for on.
class DeviceBytes {
 public:
  DeviceBytes(size_t size, cudaStream_t stream) : stream_(stream) {
    check(cudaMallocAsync(&data_, size, stream), "cudaMallocAsync");
  }
  ~DeviceBytes() { cudaFreeAsync(data_, stream_); }
  DeviceBytes(const DeviceBytes &) = delete;
  DeviceBytes &operator=(const DeviceBytes &) = delete;

  uint8_t *get() const { return static_cast<uint8_t *>(data_); }

 private:
  void *data_ = nullptr;
  cudaStream_t stream_;
};

}  // namespace

int device_count() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess ? count : 0;
}

Inventory inventory(int device) {
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, device), "cudaGetDeviceProperties");
  int previous = 0;
  check(cudaGetDevice(&previous), "cudaGetDevice");
  check(cudaSetDevice(device), "cudaSetDevice");
  size_t free_bytes = 0, total_bytes = 0;
  const auto result = cudaMemGetInfo(&free_bytes, &total_bytes);
  check(cudaSetDevice(previous), "cudaSetDevice");
  check(result, "cudaMemGetInfo");
  return {properties.name, total_bytes, free_bytes};
}

Stream::Stream(int device) : device_(device) {
  check(cudaSetDevice(device), "cudaSetDevice");
  check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
}

Stream::~Stream() {
  cudaSetDevice(device_);
  cudaStreamDestroy(stream_);
}

std::vector<uint8_t> to_rgb8(const float *decoded, int64_t pixels, int device,
                             CUstream_st *stream) {
  check(cudaSetDevice(device), "cudaSetDevice");
  std::vector<uint8_t> bytes(static_cast<size_t>(channels * pixels));
  const DeviceBytes rgb(bytes.size(), stream);
  const auto blocks = std::min(max_blocks, (pixels + threads_per_block - 1) / threads_per_block);
  interleave<<<static_cast<unsigned>(blocks), threads_per_block, 0, stream>>>(decoded, pixels,
                                                                              rgb.get());
  check(cudaGetLastError(), "interleave");
  check(cudaMemcpyAsync(bytes.data(), rgb.get(), bytes.size(), cudaMemcpyDeviceToHost, stream),
        "cudaMemcpyAsync");
  check(cudaStreamSynchronize(stream), "cudaStreamSynchronize");
  return bytes;
}

}  // namespace runner::cuda
