// uuid.hpp -- sixteen bytes in network order, the same layout as PostgreSQL's pg_uuid_t.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>

namespace wire {

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  friend bool operator==(const Uuid &, const Uuid &) = default;
  friend bool operator<(const Uuid &left, const Uuid &right) { return left.bytes < right.bytes; }

  std::string to_string() const {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    text.reserve(36);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
      text += digits[bytes[i] >> 4];
      text += digits[bytes[i] & 15];
    }
    return text;
  }
};

}  // namespace wire

template <>
struct std::hash<wire::Uuid> {
  // Version 7 identifiers share their leading time stamp; the random bits are in the last eight
  // bytes.
  std::size_t operator()(const wire::Uuid &id) const noexcept {
    std::uint64_t low = 0;
    std::memcpy(&low, id.bytes.data() + 8, sizeof low);
    return std::hash<std::uint64_t>{}(low);
  }
};
