// recordings.hpp -- waiting for the dispatcher to record something.
#pragma once

#include "src/pg/shared_state.hpp"

// How often it has; 0 where there is no shared memory.
uint32 recordings_of(shared::Database *database) noexcept;

// Sleeps until it has recorded something after `seen`, the time is over or an interrupt comes;
// never longer than a second, because a wake-up may be lost with the shared memory (the workers of
// a server without shared_preload_libraries restart it).
void sleep_until_recorded(shared::Database *database, uint32 seen, long wait_ms);
