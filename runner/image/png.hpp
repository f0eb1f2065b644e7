#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace runner {

// A PNG file of interleaved 8-bit RGB rows. Throws std::runtime_error when the sizes do not fit.
std::vector<uint8_t> encode_png(std::span<const uint8_t> rgb, int64_t width, int64_t height);

}  // namespace runner
