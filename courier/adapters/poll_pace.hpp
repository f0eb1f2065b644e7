// poll_pace.hpp -- how long to wait between two questions: short at first, longer and longer then.
#pragma once

#include <algorithm>
#include <chrono>
#include <utility>

namespace courier {

class PollPace {
 public:
  PollPace(std::chrono::milliseconds first, std::chrono::milliseconds longest) noexcept
      : first_(first), longest_(longest), next_(first) {}

  std::chrono::milliseconds next() noexcept {
    return std::exchange(next_, std::min(longest_, next_ + next_ / 4));
  }
  // Something happened: more may happen soon.
  void restart() noexcept { next_ = first_; }

 private:
  std::chrono::milliseconds const first_;
  std::chrono::milliseconds const longest_;
  std::chrono::milliseconds next_;
};

}  // namespace courier
