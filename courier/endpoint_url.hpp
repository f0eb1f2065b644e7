// endpoint_url.hpp -- where an endpoint is: "http(s)://host[:port][/base]" or "unix:path[:/base]".
// "unix:/path.sock[:/base]".
#pragma once

#include <string>
#include <vector>

#include "courier/adapters/adapter.hpp"

namespace courier {

struct EndpointUrl {
  std::string url;          // for libcurl, with the adapter's path appended to the base
  std::string unix_socket;  // empty: TCP
  std::string display;      // for messages: host:port or the socket, nothing that could be a secret
  std::string host;         // lower case; of a socket: empty
  bool has_tls = false;
};

// With the request's path and query. Throws AttemptError(invalid_input): what is wrong is in the
// endpoint's row, and a retry would not change it.
EndpointUrl parse_endpoint_url(const std::string &endpoint, const HttpRequest &request);

// A URL that a server named. Throws AttemptError(bad_response).
EndpointUrl parse_named_url(const std::string &url);

// Where a redirect leads to. Throws AttemptError(bad_response).
std::string resolve_location(const std::string &url, const std::string &location);

// Whether the credential for that endpoint may go there: to the same host and port; with TLS also
// to a host below it, or below one of those named; and not without TLS where the endpoint has it.
bool may_have_credential(const std::string &endpoint, const std::vector<std::string> &trusted_hosts,
                         const EndpointUrl &place);

}  // namespace courier
