// What libcurl alone reaches against a server: nothing but requests, on connections kept alive.
#pragma once

#include <string>

namespace bench {

struct BareCurl {
  double requests_per_second = 0;
  double cpu_us_per_request = 0;
};

// Posts the body `count` times, at most `connections` at once.
BareCurl run_bare_curl(const std::string &url, const std::string &body, int connections, int count);

}  // namespace bench
