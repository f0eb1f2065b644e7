// How the background workers are registered with the postmaster.
#pragma once

#include "src/pg/boundary.hpp"

extern "C" {
#include "postmaster/bgworker.h"
}

namespace bgworkers {

// From _PG_init while the server preloads libraries.
void register_launcher_at_preload();

// Starts the launcher in a running server and waits until it runs. Throws pg::Failure.
void start_launcher();

// The four below are called by the launcher. nullptr: no free background worker slot.
BackgroundWorkerHandle *start_dispatcher(Oid database, Oid role);
BackgroundWorkerHandle *start_janitor(Oid database, Oid role);
BackgroundWorkerHandle *start_runner_supervisor();
BackgroundWorkerHandle *start_peer_check();

// What start_dispatcher and start_janitor pass on to the worker.
Oid role_of_this_worker();

}  // namespace bgworkers
