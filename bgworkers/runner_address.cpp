#include "bgworkers/runner_address.hpp"

#include <cstdlib>

#include "src/pg/settings.hpp"

namespace bgworkers {

std::string runner_socket_path(int index) {
  return std::string(settings::runner_socket_directory) + "/runner-" + std::to_string(index) +
         ".sock";
}

std::string resolve_base_url(const std::string &base_url) {
  static const std::string scheme = "runner:";
  if (base_url.compare(0, scheme.size(), scheme) != 0) return base_url;
  int const index = std::atoi(base_url.c_str() + scheme.size());
  return "unix:" + runner_socket_path(index) + ":/v1";
}

}  // namespace bgworkers
