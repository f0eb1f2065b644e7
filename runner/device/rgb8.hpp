// One decoded value becomes one byte. Shared by the CPU and the CUDA code so that both give the
// same bytes.
#pragma once

#include <cmath>
#include <cstdint>

#ifdef __CUDACC__
#define ATELIER_ANY_DEVICE __host__ __device__
#else
#define ATELIER_ANY_DEVICE
#endif

namespace runner {

// round(255 * clamp(value / 2 + 0.5, 0, 1)), halves to even. Halving is exact, so fusing it with
// the addition changes nothing; a value that is not a number becomes 0.
ATELIER_ANY_DEVICE inline uint8_t rgb8_from_decoded(float value) {
  const float unit = fminf(fmaxf(value * 0.5F + 0.5F, 0.0F), 1.0F);
  return static_cast<uint8_t>(rintf(unit * 255.0F));
}

}  // namespace runner
