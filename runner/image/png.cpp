#include "runner/image/png.hpp"

#include <png.h>

#include <stdexcept>
#include <string>

namespace runner {

std::vector<uint8_t> encode_png(std::span<const uint8_t> rgb, int64_t width, int64_t height) {
  constexpr int64_t max_side = 1 << 20;
  if (width < 1 || height < 1 || width > max_side || height > max_side ||
      rgb.size() != static_cast<size_t>(width * height * 3)) {
    throw std::runtime_error("the picture's size does not fit its bytes");
  }
  // libpng's simplified interface reports errors by return value, without longjmp.
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = PNG_FORMAT_RGB;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::vector<uint8_t> file(size);
  if (png_image_write_to_memory(&image, file.data(), &size, 0, rgb.data(), 0, nullptr) == 0) {
    throw std::runtime_error(std::string("the picture cannot be encoded: ") + image.message);
  }
  file.resize(size);
  return file;
}

}  // namespace runner
