#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace runner {

// Appends, so that large pictures need no string of their own.
void append_base64(std::span<const uint8_t> bytes, std::string &out);

}  // namespace runner
