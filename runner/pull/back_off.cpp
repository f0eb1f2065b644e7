#include "runner/pull/back_off.hpp"

#include <algorithm>

namespace runner::pull {
namespace {

// Each thread has its own. No secret depends on it.
double random_fraction() {
  thread_local std::minstd_rand source{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(source);
}

std::chrono::milliseconds scaled(std::chrono::milliseconds time, double factor) {
  return std::chrono::milliseconds(
      static_cast<int64_t>(static_cast<double>(time.count()) * factor));
}

}  // namespace

std::chrono::milliseconds with_jitter(std::chrono::milliseconds least) {
  return scaled(least, 1 + random_fraction());
}

std::chrono::milliseconds BackOff::next(std::chrono::milliseconds asked_for) {
  constexpr int enough_doublings = 20;
  const auto bound = std::min(longest_, first_ * (1 << std::min(failures_, enough_doublings)));
  ++failures_;
  // Never less than half: the first try after a failure would often come at once.
  return std::max(scaled(bound, 0.5 + random_fraction() / 2), with_jitter(asked_for));
}

}  // namespace runner::pull
