#include "runner/service/base64.hpp"

namespace runner {

void append_base64(std::span<const uint8_t> bytes, std::string &out) {
  static constexpr char digits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  out.reserve(out.size() + (bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const auto left = bytes.size() - i;
    const uint32_t group = static_cast<uint32_t>(bytes[i]) << 16 |
                           (left > 1 ? static_cast<uint32_t>(bytes[i + 1]) << 8 : 0U) |
                           (left > 2 ? static_cast<uint32_t>(bytes[i + 2]) : 0U);
    out.push_back(digits[group >> 18]);
    out.push_back(digits[group >> 12 & 63]);
    out.push_back(left > 1 ? digits[group >> 6 & 63] : '=');
    out.push_back(left > 2 ? digits[group & 63] : '=');
  }
}

}  // namespace runner
