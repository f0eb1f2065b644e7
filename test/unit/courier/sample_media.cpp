#include "sample_media.hpp"

#include <openssl/evp.h>
#include <zlib.h>

#include <fstream>
#include <iterator>
#include <random>
#include <stdexcept>

namespace test {

namespace {

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8)
    bytes += static_cast<char>(value >> shift);
  return bytes;
}

std::string chunk(const std::string &type, const std::string &data) {
  std::string const covered = type + data;
  uLong const crc =
      crc32(0, reinterpret_cast<const Bytef *>(covered.data()), static_cast<uInt>(covered.size()));
  return big_endian(static_cast<std::uint32_t>(data.size())) + covered +
         big_endian(static_cast<std::uint32_t>(crc));
}

std::string png_start(std::uint32_t width, std::uint32_t height) {
  using namespace std::string_literals;
  std::string const eight_bit_rgb = "\x08\x02\x00\x00\x00"s;
  return "\x89PNG\r\n\x1a\n"s +
         chunk("IHDR", big_endian(width) + big_endian(height) + eight_bit_rgb);
}

std::string pixels(std::uint32_t width, std::uint32_t height) {
  std::minstd_rand random(width * 31 + height);
  std::string rows;
  for (std::uint32_t y = 0; y < height; ++y) {
    rows += '\0';  // no filter
    for (std::uint32_t x = 0; x < width * 3; ++x)
      rows += static_cast<char>(random() & 0xFF);
  }
  uLongf packed_bytes = compressBound(rows.size());
  std::string packed(packed_bytes, '\0');
  if (compress(reinterpret_cast<Bytef *>(packed.data()), &packed_bytes,
               reinterpret_cast<const Bytef *>(rows.data()), rows.size()) != Z_OK)
    throw std::runtime_error("zlib");
  packed.resize(packed_bytes);
  return chunk("IDAT", packed);
}

}  // namespace

std::string make_png(std::uint32_t width, std::uint32_t height) {
  return png_start(width, height) + pixels(width, height) + chunk("IEND", "");
}

std::string make_png_of_size(std::size_t bytes) {
  constexpr std::size_t chunk_bytes = std::size_t{1} << 20;
  std::string const filler = chunk("prVt", std::string(chunk_bytes, '\x5A'));
  std::string png = png_start(8, 8) + pixels(8, 8);
  png.reserve(bytes + filler.size());
  while (png.size() + filler.size() < bytes)
    png += filler;
  return png + chunk("IEND", "");
}

std::string to_base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  int const length = EVP_EncodeBlock(reinterpret_cast<unsigned char *>(text.data()),
                                     reinterpret_cast<const unsigned char *>(bytes.data()),
                                     static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

std::string sha256_hex(std::string_view bytes) {
  unsigned char digest[32];
  EVP_Digest(bytes.data(), bytes.size(), digest, nullptr, EVP_sha256(), nullptr);
  std::string hex;
  for (unsigned char const byte : digest) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return hex;
}

std::string make_answer(const std::vector<std::string> &pictures) {
  std::string data;
  for (const std::string &picture : pictures)
    data +=
        std::string(data.empty() ? "" : ",") + R"({"b64_json":")" + to_base64(picture) + R"("})";
  return R"({"created":1700000000,"data":[)" + data + "]}";
}

std::string read_corpus(const std::string &name) {
  std::ifstream file(std::string(ATELIER_CORPUS) + "/" + name, std::ios::binary);
  if (!file) throw std::runtime_error("no corpus file " + name);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace test
