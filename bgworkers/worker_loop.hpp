// What every background worker of ours does at its start and between two pieces of work.
#pragma once

#include <chrono>
#include <functional>

#include "src/pg/boundary.hpp"
#include "src/pg/shared_state.hpp"

namespace bgworkers {

using Clock = std::chrono::steady_clock;

// Signal handlers; unblocks signals. First thing in a main function.
void install_signal_handlers();

// Connects to the database as the given role, and names the process in pg_stat_activity.
void connect_to(Oid database, Oid role);
void connect_to_shared_catalogs();

void reload_configuration_if_asked();

// Between transactions, where there is no statement that pg_cancel_backend() could mean. Within
// pg::call().
void heed_interrupts();

// Sleeps until the latch is set, the time is over or the postmaster dies (then it exits);
// then serves interrupts. True when the latch was set.
bool wait(std::chrono::milliseconds timeout);

enum class Standing {
  present,    // go on
  absent,     // the database does not have the extension (any more)
  unwelcome,  // somebody waits for the database to be free: DROP, RENAME, template copy
};

// Takes a transaction without a snapshot. A worker must leave when it is not `present`.
Standing standing_of_database();

// Time that must pass before the next try after failures: doubles from 1 s to 30 s.
class BackOff {
 public:
  bool due() const noexcept { return Clock::now() >= not_before_; }
  Clock::time_point not_before() const noexcept { return not_before_; }
  void failed() noexcept;
  void succeeded() noexcept;

 private:
  int failures_ = 0;
  Clock::time_point not_before_{};
};

// Milliseconds from now to a point in time, at least 0, rounded up.
std::chrono::milliseconds until(Clock::time_point point);

}  // namespace bgworkers
