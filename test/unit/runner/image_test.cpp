#include <gtest/gtest.h>
#include <png.h>

#include <string_view>

#include "runner/image/png.hpp"
#include "runner/service/base64.hpp"

namespace runner::test {
namespace {

std::vector<uint8_t> pattern(size_t size) {
  std::vector<uint8_t> bytes(size);
  for (size_t i = 0; i < size; ++i)
    bytes[i] = static_cast<uint8_t>(i * 7 + i / 251);
  return bytes;
}

TEST(Png, DecodesToTheSamePixels) {
  for (const auto &[width, height] : {std::pair(1, 1), std::pair(64, 64), std::pair(33, 5)}) {
    const auto rgb = pattern(static_cast<size_t>(width * height * 3));
    const auto file = encode_png(rgb, width, height);
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    ASSERT_NE(png_image_begin_read_from_memory(&image, file.data(), file.size()), 0);
    EXPECT_EQ(image.width, static_cast<unsigned>(width));
    EXPECT_EQ(image.height, static_cast<unsigned>(height));
    EXPECT_EQ(image.format & PNG_FORMAT_FLAG_ALPHA, 0U);
    image.format = PNG_FORMAT_RGB;
    std::vector<uint8_t> decoded(PNG_IMAGE_SIZE(image));
    ASSERT_NE(png_image_finish_read(&image, nullptr, decoded.data(), 0, nullptr), 0);
    EXPECT_EQ(decoded, rgb);
  }
}

TEST(Png, IsTheSameFileEveryTime) {
  EXPECT_EQ(encode_png(pattern(3072), 32, 32), encode_png(pattern(3072), 32, 32));
}

TEST(Png, RefusesSizesThatDoNotFitTheBytes) {
  const auto rgb = pattern(12);
  EXPECT_THROW(encode_png(rgb, 2, 3), std::runtime_error);
  EXPECT_THROW(encode_png(rgb, 0, 4), std::runtime_error);
  EXPECT_THROW(encode_png(rgb, -2, -2), std::runtime_error);
  EXPECT_THROW(encode_png(rgb, int64_t{1} << 40, 1), std::runtime_error);
}

TEST(Base64, MatchesTheStandardsExamples) {
  const std::pair<std::string_view, std::string_view> examples[] = {{"", ""},
                                                                    {"f", "Zg=="},
                                                                    {"fo", "Zm8="},
                                                                    {"foo", "Zm9v"},
                                                                    {"foob", "Zm9vYg=="},
                                                                    {"fooba", "Zm9vYmE="},
                                                                    {"foobar", "Zm9vYmFy"}};
  for (const auto &[plain, encoded] : examples) {
    std::string out = ">";
    append_base64({reinterpret_cast<const uint8_t *>(plain.data()), plain.size()}, out);
    EXPECT_EQ(out, ">" + std::string(encoded));
  }
}

TEST(Base64, KnowsAllDigits) {
  std::string out;
  append_base64(std::vector<uint8_t>{0xfb, 0xff, 0xbf, 0x00, 0x10, 0x83}, out);
  EXPECT_EQ(out, "+/+/ABCD");
}

}  // namespace
}  // namespace runner::test
