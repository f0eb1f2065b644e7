#include "runner/pull/door.hpp"

namespace runner::pull {

const char *name_of(Function function) {
  switch (function) {
    case Function::register_worker:
      return "register_worker";
    case Function::claim_jobs:
      return "claim_jobs";
    case Function::heartbeat_jobs:
      return "heartbeat_jobs";
    case Function::job_callback:
      return "job_callback";
  }
  return "";
}

std::unique_ptr<Door> open_door(const DoorOptions &options) {
  const auto scheme = options.url.substr(0, options.url.find("://"));
  if (scheme == "http" || scheme == "https") return open_postgrest_door(options);
  if (scheme == "postgresql" || scheme == "postgres") return open_libpq_door(options);
  throw std::invalid_argument(
      "--pull wants a URL that begins with https://, http:// or postgresql://");
}

Trouble trouble_of_status(int status) {
  switch (status) {
    case 408:
    case 425:
    case 429:
    case 502:
    case 503:
    case 504:
      return Trouble::unreachable;
    default:
      return status >= 500 ? Trouble::broken : Trouble::refused;
  }
}

std::chrono::milliseconds time_limit(size_t body_bytes) {
  constexpr std::chrono::milliseconds for_an_answer = std::chrono::seconds(30);
  constexpr size_t slowest_bytes_per_ms = 50;
  return for_an_answer + std::chrono::milliseconds(body_bytes / slowest_bytes_per_ms);
}

}  // namespace runner::pull
