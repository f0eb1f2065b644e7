// How long to wait before the next try: twice as long each time, at random, so that the workers of
// a server that comes back do not all come at once.
#pragma once

#include <chrono>
#include <random>

namespace runner::pull {

// Times of a worker; tests have shorter ones.
struct Pace {
  using Time = std::chrono::milliseconds;

  Time ask_again = std::chrono::seconds(1);     // when there is nothing to do; up to twice as long
  Time beat_at_most = std::chrono::seconds(2);  // so long a cancelled job goes on
  Time first_pause = std::chrono::seconds(1);
  Time longest_pause = std::chrono::seconds(15);
  Time farewell = std::chrono::seconds(60);  // for delivering, when told to stop
};

// A time between `least` and twice that.
std::chrono::milliseconds with_jitter(std::chrono::milliseconds least);

class BackOff {
 public:
  explicit BackOff(const Pace &pace) : first_(pace.first_pause), longest_(pace.longest_pause) {}

  // The next pause: a random time up to a bound that doubles, and no less than was asked for.
  std::chrono::milliseconds next(std::chrono::milliseconds asked_for = {});
  void succeeded() { failures_ = 0; }
  bool is_failing() const { return failures_ > 0; }

 private:
  std::chrono::milliseconds first_, longest_;
  int failures_ = 0;
};

}  // namespace runner::pull
