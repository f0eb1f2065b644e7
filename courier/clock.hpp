// clock.hpp -- the wall clock in the unit that the database's time stamps have.
#pragma once

#include <chrono>
#include <cstdint>

namespace courier {

inline std::int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace courier
