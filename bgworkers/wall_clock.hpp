// Notices that somebody sets the clock on the wall, by comparing it with the one that cannot be
// set. A machine that slept looks the same.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdlib>

#include "src/pg/spi.hpp"

namespace bgworkers {

class WallClock {
 public:
  // By how many microseconds it was set since this was made, or since the last step was followed; 0
  // when it was not.
  int64_t step_us() noexcept {
    auto const before = std::chrono::steady_clock::now();
    int64_t const wall_us = pg::now_us();
    auto const steady = std::chrono::steady_clock::now();
    if (steady - before > longest_look) return 0;  // too long ago to compare
    int64_t const ahead_us = wall_us - microseconds(steady);
    int64_t const step = known_ ? ahead_us - ahead_us_ : 0;
    if (std::abs(step) >= least_step_us) return step;
    ahead_us_ = ahead_us;  // clocks drift
    known_ = true;
    return 0;
  }

  void followed(int64_t step) noexcept { ahead_us_ += step; }

 private:
  static constexpr auto longest_look = std::chrono::milliseconds(100);
  static constexpr int64_t least_step_us = 1'000'000;

  static int64_t microseconds(std::chrono::steady_clock::time_point point) noexcept {
    return std::chrono::duration_cast<std::chrono::microseconds>(point.time_since_epoch()).count();
  }

  bool known_ = false;
  int64_t ahead_us_ = 0;
};

}  // namespace bgworkers
