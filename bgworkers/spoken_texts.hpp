// Answers that come bit by bit, on their way into the database: a few rows a second for each, and
// one transaction for all.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "bgworkers/worker_loop.hpp"
#include "wire/messages.hpp"

namespace bgworkers {

class SpokenTexts {
 public:
  void take(const wire::Delta &delta);

  bool has(const wire::Uuid &attempt) const { return unwritten_.contains(attempt); }
  bool empty() const noexcept { return unwritten_.empty(); }
  // When it is time to write; far away while there is nothing.
  Clock::time_point due() const noexcept {
    return unwritten_.empty() ? Clock::time_point::max() : due_;
  }

  // In one transaction. What is not written stays.
  void write();

  // The attempt has ended.
  void forget(const wire::Uuid &attempt);

 private:
  std::unordered_map<wire::Uuid, std::string> unwritten_;
  std::unordered_map<wire::Uuid, int32_t> written_;  // how many characters
  Clock::time_point due_{};
};

}  // namespace bgworkers
