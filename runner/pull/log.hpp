#pragma once

#include <string>

namespace runner::pull {

// One line on standard error.
void log(const std::string &line);

}  // namespace runner::pull
