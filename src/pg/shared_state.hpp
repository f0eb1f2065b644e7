// What the processes of the extension know of each other: one small block of shared memory.
//
// It is correct to lose it (a crash resets it): it only holds who runs where, latches to wake and
// counters to show. Everything that must survive is in tables.
#pragma once

#include <string>

extern "C" {
#include "postgres.h"

#include "datatype/timestamp.h"
#include "port/atomics.h"
#include "storage/condition_variable.h"
#include "storage/latch.h"
#include "storage/spin.h"
}

namespace shared {

constexpr int max_databases = 64;
constexpr int max_runners = 16;
// How far attempts have come: for the latest ones that said so. Attempts share rows of so many
// places.
constexpr int progress_rows = 64;
constexpr int progress_row_size = 8;

// One background worker, or a place for one (pid 0).
struct Worker {
  pid_t pid;
  Latch *latch;  // of its PGPROC, which outlives the process
  TimestampTz started_at;
  uint32 starts;  // since the server started
  char state[24];
  char detail[200];
};

// A process that is not attached to shared memory: a courier or a runner.
struct Child {
  pid_t pid;
  TimestampTz started_at;
  uint32 starts;
  char state[24];
  char detail[200];
};

// A database that has the extension.
struct Database {
  Oid oid;  // InvalidOid: free
  Worker dispatcher;
  Worker janitor;
  Child courier;
  ConditionVariable job_recorded;   // broadcast after outcomes were committed
  pg_atomic_uint32 recordings;      // grows before each broadcast
  pg_atomic_uint32 events_written;  // grows when rows of atelier.events were committed
  pg_atomic_uint32 cancellations;   // grows when somebody asks to cancel what is in flight
  pg_atomic_uint32 webhooks;        // grows when a webhook was taken
  pg_atomic_uint32 missed_keys;     // grows when keys for them are to be fetched
  // Look-ups of prompt templates: answered from memory, read and remembered, only read.
  pg_atomic_uint64 template_hits;
  pg_atomic_uint64 template_misses;
  pg_atomic_uint64 template_bypasses;
};

// How far an attempt has come, as its server says (written_at 0: free).
struct Progress {
  unsigned char attempt[16];
  TimestampTz written_at;
  double fraction;
};

// To be raised with every change of what is below: a server goes on with the block of the library
// that it loaded first, while without shared_preload_libraries new sessions load the installed one.
constexpr uint32 layout_number = 6;

struct State {
  uint32 layout;
  slock_t mutex;  // guards everything below but the atomics and condition variables
  Worker launcher;
  Worker supervisor;
  bool stop_requested;
  char peers_report[200];  // what the last check of the peers found
  int runner_count;
  Child runners[max_runners];
  pg_atomic_uint32 announcements;  // grows when a database gets or loses the extension
  Database databases[max_databases];
  slock_t progress_mutex;  // guards what is below
  Progress progress[progress_rows][progress_row_size];
};

// Finds or creates the block. Works with shared_preload_libraries (space reserved) and without it
// (the server keeps some slack, and the block is small). nullptr: it is there, but another version
// of the library made it.
State *attach();
// The same, or a failure that says what to do.
State &state();
void request_space();  // from _PG_init while preloading

// The slot of a database; nullptr when there is none or no block of ours (find) or all are taken
// (find_or_add).
Database *find(Oid database);
Database *find_or_add(Oid database);
void remove(Oid database);

// Enters the calling process into its place and takes it out at exit.
class Registration {
 public:
  // Throws pg::Failure when another live process holds the place.
  Registration(Worker &place, const char *what);
  Registration(const Registration &) = delete;
  Registration &operator=(const Registration &) = delete;
  ~Registration();
};

void set_state(Worker &place, const char *word, const std::string &detail = {});
void set_child(Child &place, pid_t pid, const char *word, const std::string &detail = {});

// Attempts are named by the 16 bytes of their ids.
void set_progress(const unsigned char *attempt, double fraction);
// Negative: nothing is known.
double progress_of(const unsigned char *attempt);

void set_peers_report(const std::string &report);
std::string peers_report();

// Whether a process holds the place.
bool is_alive(const Worker &place);
// Asks the process that holds the place to end, if there is one.
void terminate(const Worker &place);

// Wakes a worker if there is one.
void wake(const Worker &place);

}  // namespace shared
