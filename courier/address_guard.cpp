#include "courier/address_guard.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace courier {

namespace {

struct Range4 {
  std::uint32_t network;
  int prefix_bits;
};

constexpr std::uint32_t ipv4(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  return (a << 24) | (b << 16) | (c << 8) | d;
}

// The special-purpose registry of IPv4, everything that is not globally reachable.
constexpr std::array refused4 = {
    Range4{ipv4(0, 0, 0, 0), 8},      Range4{ipv4(10, 0, 0, 0), 8},
    Range4{ipv4(100, 64, 0, 0), 10},  Range4{ipv4(127, 0, 0, 0), 8},
    Range4{ipv4(169, 254, 0, 0), 16}, Range4{ipv4(172, 16, 0, 0), 12},
    Range4{ipv4(192, 0, 0, 0), 24},   Range4{ipv4(192, 0, 2, 0), 24},
    Range4{ipv4(192, 88, 99, 0), 24}, Range4{ipv4(192, 168, 0, 0), 16},
    Range4{ipv4(198, 18, 0, 0), 15},  Range4{ipv4(198, 51, 100, 0), 24},
    Range4{ipv4(203, 0, 113, 0), 24}, Range4{ipv4(224, 0, 0, 0), 4},
    Range4{ipv4(240, 0, 0, 0), 4},
};

bool is_public4(std::uint32_t address) noexcept {
  return std::none_of(refused4.begin(), refused4.end(), [address](const Range4 &range) {
    return ((address ^ range.network) >> (32 - range.prefix_bits)) == 0;
  });
}

using Bytes16 = std::array<std::uint8_t, 16>;

std::uint32_t ipv4_at(const Bytes16 &bytes, std::size_t offset) noexcept {
  return ipv4(bytes[offset], bytes[offset + 1], bytes[offset + 2], bytes[offset + 3]);
}

bool is_public6(const Bytes16 &bytes) noexcept {
  constexpr std::array<std::uint8_t, 12> nat64 = {0x00, 0x64, 0xFF, 0x9B};
  if (std::equal(nat64.begin(), nat64.end(), bytes.begin())) return is_public4(ipv4_at(bytes, 12));
  if ((bytes[0] & 0xE0) != 0x20) return false;  // only 2000::/3 is global unicast
  std::uint32_t const high = ipv4_at(bytes, 0);
  if ((high >> 9) == (0x20010000U >> 9)) return false;  // 2001::/23: Teredo and other protocols
  if (high == 0x20010DB8U || (high >> 12) == 0x3FFF0U) return false;  // documentation
  if ((high >> 16) == 0x2002U) return is_public4(ipv4_at(bytes, 2));  // 6to4
  return true;
}

}  // namespace

bool is_public_address(const sockaddr *address, socklen_t length) noexcept {
  if (address->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
    sockaddr_in copy;
    std::memcpy(&copy, address, sizeof copy);
    return is_public4(ntohl(copy.sin_addr.s_addr));
  }
  if (address->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    sockaddr_in6 copy;
    std::memcpy(&copy, address, sizeof copy);
    Bytes16 bytes;
    std::memcpy(bytes.data(), &copy.sin6_addr, bytes.size());
    return is_public6(bytes);
  }
  return false;
}

bool is_public_address(const char *text) noexcept {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
    return is_public_address(reinterpret_cast<const sockaddr *>(&v4), sizeof v4);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  return inet_pton(AF_INET6, text, &v6.sin6_addr) == 1 &&
         is_public_address(reinterpret_cast<const sockaddr *>(&v6), sizeof v6);
}

std::string address_text(const sockaddr *address, socklen_t length) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
    sockaddr_in copy;
    std::memcpy(&copy, address, sizeof copy);
    inet_ntop(AF_INET, &copy.sin_addr, text, sizeof text);
  } else if (address->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    sockaddr_in6 copy;
    std::memcpy(&copy, address, sizeof copy);
    inet_ntop(AF_INET6, &copy.sin6_addr, text, sizeof text);
  } else if (address->sa_family == AF_UNIX) {
    return "a unix socket";
  }
  return text[0] != '\0' ? text : "an address of an unknown family";
}

}  // namespace courier
