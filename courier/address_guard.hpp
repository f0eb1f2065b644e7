// address_guard.hpp -- which addresses an endpoint on the public internet may resolve to.
//
// The check sees the address that is about to be connected, so neither a name that resolves to an
// inner address nor an unusual spelling of one gets past it.
#pragma once

#include <sys/socket.h>

#include <string>

namespace courier {

// False for loopback, private, shared, link-local (with the metadata services), multicast,
// documentation and reserved ranges, unix sockets, IPv4 addresses mapped into IPv6, and tunnels to
// any of these. An IPv4 address behind the well-known NAT64 prefix counts as that IPv4 address.
bool is_public_address(const sockaddr *address, socklen_t length) noexcept;

// As it is written in numbers; what is no address is not public.
bool is_public_address(const char *text) noexcept;

std::string address_text(const sockaddr *address, socklen_t length);

}  // namespace courier
