// Where local runners listen: known to the supervisor that starts them and to the dispatchers.
#pragma once

#include <string>

namespace bgworkers {

// The socket of runner number `index`, relative to the data directory unless configured otherwise.
std::string runner_socket_path(int index);

// An endpoint's base URL as the courier takes it: "runner:N" becomes the socket of local runner N.
std::string resolve_base_url(const std::string &base_url);

}  // namespace bgworkers
