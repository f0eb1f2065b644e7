// Whether this server was replaced. A promotion begins a higher timeline of the same system: of two
// servers that both take themselves for the primary, the one on the lower timeline is the old one.
//
// A server cannot know that by itself, and one that merely crashed must go on. So the servers of
// atelier.peers are asked, by a process that ends afterwards (peer_check.cpp). That a higher
// timeline was begun stays true; it is kept in a file, so that a peer that is out of reach later
// does not undo it.
#pragma once

#include "bgworkers/worker_loop.hpp"

extern "C" {
#include "access/xlogdefs.h"
#include "postmaster/bgworker.h"
}

namespace bgworkers {

class Fence {
 public:
  // Asks the peers when it is time to. To be called at every turn of the launcher.
  void keep_asking();

  // Whether the peers were asked at least once, and answered or took too long.
  bool asked() const noexcept { return asked_; }

  // When keep_asking() has something to do, unless the latch is set earlier.
  Clock::time_point next_look() const noexcept { return next_look_; }

 private:
  bool answers_are_in();

  BackgroundWorkerHandle *asker_ = nullptr;
  bool asked_ = false;
  Clock::time_point next_look_{};
};

// The timeline that replaced this server's; 0 when none is known.
TimeLineID replaced_by_timeline();
void remember_replacement(TimeLineID timeline);

}  // namespace bgworkers
