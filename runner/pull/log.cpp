#include "runner/pull/log.hpp"

#include <cstdio>

namespace runner::pull {

void log(const std::string &line) { std::fprintf(stderr, "atelier-runner: %s\n", line.c_str()); }

}  // namespace runner::pull
