// database_text.hpp -- texts of JSON documents for the database, which has no U+0000.
#pragma once

#include <string>

namespace courier::text {

// Each U+0000 becomes U+FFFD.
inline std::string database_text(std::string text) {
  for (std::size_t at = text.find('\0'); at != std::string::npos; at = text.find('\0', at))
    text.replace(at, 1, "\uFFFD");
  return text;
}

}  // namespace courier::text
