// queue_pace.hpp -- how often a server is asked how far a request is.
//
// The longer it has been in one state, the less it matters when exactly that ends: each pause is
// half of the time waited so far, within the limits that the server's makers wish for. Chance,
// other for each attempt, keeps attempts apart that began together.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "wire/uuid.hpp"

namespace courier {

class QueuePace {
 public:
  QueuePace(std::chrono::milliseconds shortest, std::chrono::milliseconds longest,
            const wire::Uuid &attempt);

  // The pause after an answer that told this state.
  std::chrono::milliseconds next(std::string_view state);

 private:
  std::chrono::milliseconds const shortest_;
  std::chrono::milliseconds const longest_;
  std::uint64_t random_;
  std::string state_;
  std::chrono::milliseconds waited_{0};
};

}  // namespace courier
