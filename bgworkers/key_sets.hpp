// The public keys with which providers sign webhooks: when they are due, the courier fetches them
// where the provider publishes them.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "bgworkers/courier_link.hpp"
#include "bgworkers/worker_loop.hpp"
#include "src/pg/shared_state.hpp"
#include "wire/messages.hpp"

namespace bgworkers {

class KeySets {
 public:
  explicit KeySets(shared::Database &home) : home_(home) {}

  void send_due(CourierLink &courier);
  // True when the message was an answer to this.
  bool take(const wire::Message &message);
  void record();
  void courier_ended();

  bool has_answers() const noexcept { return !answers_.empty(); }
  Clock::time_point next_look() const noexcept { return next_look_; }

 private:
  struct Answer {
    wire::Uuid provider;
    std::string keys;  // JSON; empty: see problem
    std::string problem;
  };

  std::vector<wire::Submit> claim(bool was_missed);

  shared::Database &home_;
  uint32 missed_ = 0;  // as often a key was missed when we looked
  Clock::time_point next_look_{};
  std::unordered_map<wire::Uuid, wire::Uuid> asked_;  // the provider of each question
  std::vector<Answer> answers_;
};

}  // namespace bgworkers
