#include "courier/adapters/queue_pace.hpp"

#include <algorithm>
#include <functional>

namespace courier {

using std::chrono::milliseconds;

QueuePace::QueuePace(milliseconds shortest, milliseconds longest, const wire::Uuid &attempt)
    : shortest_(shortest),
      longest_(std::max(shortest, longest)),
      random_(std::hash<wire::Uuid>{}(attempt)) {}

milliseconds QueuePace::next(std::string_view state) {
  if (state != state_) waited_ = milliseconds(0);
  state_ = state;
  milliseconds const pause = std::clamp(waited_ / 2, shortest_, longest_);
  waited_ += pause;
  // The constants of Knuth's MMIX; the high bits are the good ones.
  random_ = random_ * 6364136223846793005U + 1442695040888963407U;
  constexpr std::int64_t tenths = 10;
  auto const spread = pause.count() / tenths;
  auto const chance = static_cast<std::int64_t>((random_ >> 33) % (2 * spread + 1));
  return pause + milliseconds(chance - spread);
}

}  // namespace courier
