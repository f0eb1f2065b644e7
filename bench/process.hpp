// What a process has used, as /proc tells it.
#pragma once

#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

namespace bench {

inline double cpu_us_of(const std::string &pid) {
  std::ifstream file("/proc/" + pid + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string skipped;
  for (int i = 3; i < 14; ++i)
    fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) * 1e6 / static_cast<double>(sysconf(_SC_CLK_TCK));
}

// Resident memory without the server's shared buffers, in KiB.
inline long private_kib_of(const std::string &pid) {
  std::ifstream file("/proc/" + pid + "/status");
  long total = 0;
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("RssAnon:") || line.starts_with("RssFile:"))
      total += std::stol(line.substr(8));
  return total;
}

}  // namespace bench
