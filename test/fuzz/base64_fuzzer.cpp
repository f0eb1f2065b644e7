// base64_fuzzer.cpp -- what decodes must be exactly what an independent encoder writes for those
// bytes.
#include <openssl/evp.h>

#include <optional>
#include <string>

#include "courier/ingest/base64.hpp"
#include "fuzzing.hpp"

namespace {

std::optional<std::string> decode(std::string_view first, std::string_view second) {
  courier::ingest::Base64Decoder decoder;
  std::string bytes;
  try {
    decoder.decode(first, bytes);
    decoder.decode(second, bytes);
    decoder.finish();
    return bytes;
  } catch (const courier::ingest::Base64Error &) {
    return std::nullopt;
  }
}

std::string encode(const std::string &bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  int const length = EVP_EncodeBlock(reinterpret_cast<unsigned char *>(text.data()),
                                     reinterpret_cast<const unsigned char *>(bytes.data()),
                                     static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  if (size < 1) return 0;
  std::string_view const text = fuzz::as_text(data + 1, size - 1);
  std::size_t const cut = std::min<std::size_t>(data[0], text.size());
  auto const whole = decode(text, {});
  fuzz::require(whole == decode(text.substr(0, cut), text.substr(cut)),
                "bytes do not depend on where the text is cut");
  if (whole) fuzz::require(encode(*whole) == text, "bytes have one encoding");
  return 0;
}
