// endpoint_url.hpp -- where an endpoint is: "http(s)://host[:port][/base]" or "unix:path[:/base]".
// "unix:/path.sock[:/base]".
#pragma once

#include <string>
#include <string_view>

namespace courier {

struct EndpointUrl {
  std::string url;          // for libcurl, with the adapter's path appended to the base
  std::string unix_socket;  // empty: TCP
  std::string display;      // for messages: host:port or the socket, nothing that could be a secret
};

// Throws AttemptError(invalid_input): what is wrong is in the endpoint's row, and a retry would not
// change it.
EndpointUrl parse_endpoint_url(const std::string &endpoint, std::string_view path);

}  // namespace courier
