// Webhooks that a session took and that the dispatcher follows: attempts in flight are poked, so
// that the courier asks their provider at once; of the others the lookups are due. A webhook is a
// hint: when one is lost here, the provider is asked a little later.
#pragma once

#include <vector>

#include "bgworkers/courier_link.hpp"
#include "bgworkers/worker_loop.hpp"
#include "src/pg/shared_state.hpp"
#include "wire/messages.hpp"

namespace bgworkers {

class Webhooks {
 public:
  explicit Webhooks(shared::Database &home) : home_(home) {}

  // Looks at what came since the last time. True when there are lookups that are due now.
  bool follow(CourierLink &courier);

  // The provider's id of a request was recorded: a webhook about it may have been faster.
  void know_one_more() noexcept { look_now_ = look_now_ || some_wait_; }

 private:
  bool look();

  shared::Database &home_;
  bool look_now_ = true;  // what came before this dispatcher
  bool some_wait_ = false;
  uint32 taken_ = 0;  // as many had come when we looked
  std::vector<wire::Uuid> to_poke_;
};

}  // namespace bgworkers
