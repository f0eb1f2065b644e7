#include "src/pg/shared_state.hpp"

#include <csignal>

#include "src/pg/boundary.hpp"

extern "C" {
#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/proc.h"
#include "storage/shmem.h"
#include "utils/timestamp.h"
}

namespace shared {
namespace {

State *attached = nullptr;
Worker *my_place = nullptr;

shmem_request_hook_type previous_request_hook = nullptr;

void request_hook() {
  if (previous_request_hook != nullptr) previous_request_hook();
  RequestAddinShmemSpace(MAXALIGN(sizeof(State)));
}

void initialise(State &fresh) {
  memset(&fresh, 0, sizeof fresh);
  fresh.layout = layout_number;
  SpinLockInit(&fresh.mutex);
  SpinLockInit(&fresh.progress_mutex);
  pg_atomic_init_u32(&fresh.announcements, 0);
  for (Database &database : fresh.databases) {
    ConditionVariableInit(&database.job_recorded);
    pg_atomic_init_u32(&database.recordings, 0);
    pg_atomic_init_u32(&database.events_written, 0);
    pg_atomic_init_u32(&database.cancellations, 0);
    pg_atomic_init_u32(&database.webhooks, 0);
    pg_atomic_init_u32(&database.missed_keys, 0);
    pg_atomic_init_u64(&database.template_hits, 0);
    pg_atomic_init_u64(&database.template_misses, 0);
    pg_atomic_init_u64(&database.template_bypasses, 0);
  }
}

class Locked {
 public:
  Locked() : mutex_(&state().mutex) { SpinLockAcquire(mutex_); }
  ~Locked() { SpinLockRelease(mutex_); }
  Locked(const Locked &) = delete;
  Locked &operator=(const Locked &) = delete;

 private:
  slock_t *mutex_;
};

Database *find_unlocked(Oid oid) {
  for (Database &database : attached->databases)
    if (database.oid == oid) return &database;
  return nullptr;
}

pid_t pid_of(const Worker &place) {
  Locked guard;
  return place.pid;
}

void leave(int, Datum) {
  if (my_place == nullptr) return;
  SpinLockAcquire(&attached->mutex);
  if (my_place->pid == MyProcPid) {
    my_place->pid = 0;
    my_place->latch = nullptr;
    // "absent" is a dispatcher's last word to the launcher.
    if (strcmp(my_place->state, "absent") != 0)
      strlcpy(my_place->state, "stopped", sizeof my_place->state);
  }
  SpinLockRelease(&attached->mutex);
  my_place = nullptr;
}

}  // namespace

void request_space() {
  previous_request_hook = shmem_request_hook;
  shmem_request_hook = request_hook;
}

State *attach() {
  static bool foreign = false;
  if (attached != nullptr || foreign) return attached;
  State *block = nullptr;
  try {
    pg::call([&] {
      bool found = false;
      LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
      block = static_cast<State *>(ShmemInitStruct("atelier", sizeof(State), &found));
      if (!found) initialise(*block);
      LWLockRelease(AddinShmemInitLock);
    });
  } catch (const pg::Error &error) {
    // A block of another size. The error forgot that interrupts were held, not the lock.
    if (error.sqlstate() != ERRCODE_INTERNAL_ERROR || !LWLockHeldByMe(AddinShmemInitLock)) throw;
    HOLD_INTERRUPTS();
    LWLockRelease(AddinShmemInitLock);
    block = nullptr;
  }
  foreign = block == nullptr || block->layout != layout_number;
  if (!foreign) attached = block;
  return attached;
}

State &state() {
  if (State *const ours = attach()) return *ours;
  throw pg::Failure(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                    "the workers of this server belong to another version of atelier",
                    "Restart the server, so that it loads the installed library.");
}

Database *find(Oid oid) {
  if (attach() == nullptr) return nullptr;
  Locked guard;
  return find_unlocked(oid);
}

Database *find_or_add(Oid oid) {
  Locked guard;
  if (Database *known = find_unlocked(oid)) return known;
  Database *const place = find_unlocked(InvalidOid);
  if (place == nullptr) return nullptr;
  place->oid = oid;
  place->dispatcher = Worker{};
  place->janitor = Worker{};
  place->courier = Child{};
  pg_atomic_write_u64(&place->template_hits, 0);
  pg_atomic_write_u64(&place->template_misses, 0);
  pg_atomic_write_u64(&place->template_bypasses, 0);
  return place;
}

void remove(Oid oid) {
  Locked guard;
  if (Database *known = find_unlocked(oid)) known->oid = InvalidOid;
}

Registration::Registration(Worker &place, const char *what) {
  state();
  pg::call([] { before_shmem_exit(leave, 0); });
  pid_t holder = 0;
  {
    Locked guard;
    if (place.pid == 0 || place.pid == MyProcPid || kill(place.pid, 0) != 0) {
      place.pid = MyProcPid;
      place.latch = MyLatch;
      place.started_at = GetCurrentTimestamp();
      ++place.starts;
      strlcpy(place.state, "starting", sizeof place.state);
      place.detail[0] = '\0';
    } else {
      holder = place.pid;
    }
  }
  if (holder != 0)
    throw pg::Failure(ERRCODE_OBJECT_IN_USE, std::string("another ") + what + " is running (pid " +
                                                 std::to_string(holder) + ")");
  my_place = &place;
}

Registration::~Registration() { leave(0, 0); }

void set_state(Worker &place, const char *word, const std::string &detail) {
  Locked guard;
  strlcpy(place.state, word, sizeof place.state);
  strlcpy(place.detail, detail.c_str(), sizeof place.detail);
}

void set_child(Child &place, pid_t pid, const char *word, const std::string &detail) {
  Locked guard;
  if (pid != place.pid && pid != 0) {
    place.started_at = GetCurrentTimestamp();
    ++place.starts;
  }
  place.pid = pid;
  strlcpy(place.state, word, sizeof place.state);
  strlcpy(place.detail, detail.c_str(), sizeof place.detail);
}

namespace {

// The last bytes of an id are random.
Progress *row_of(const unsigned char *attempt) {
  return state().progress[attempt[15] % progress_rows];
}

bool same(const Progress &place, const unsigned char *attempt) {
  return place.written_at != 0 && memcmp(place.attempt, attempt, sizeof place.attempt) == 0;
}

}  // namespace

void set_progress(const unsigned char *attempt, double fraction) {
  Progress *const row = row_of(attempt);
  TimestampTz const now = GetCurrentTimestamp();
  SpinLockAcquire(&attached->progress_mutex);
  Progress *place = row;  // its own, else the one that was written longest ago
  for (int i = 0; i < progress_row_size && !same(*place, attempt); ++i)
    if (same(row[i], attempt) || row[i].written_at < place->written_at) place = &row[i];
  memcpy(place->attempt, attempt, sizeof place->attempt);
  place->written_at = now;
  place->fraction = fraction;
  SpinLockRelease(&attached->progress_mutex);
}

double progress_of(const unsigned char *attempt) {
  const Progress *const row = row_of(attempt);
  double fraction = -1;
  SpinLockAcquire(&attached->progress_mutex);
  for (int i = 0; i < progress_row_size; ++i)
    if (same(row[i], attempt)) fraction = row[i].fraction;
  SpinLockRelease(&attached->progress_mutex);
  return fraction;
}

void set_peers_report(const std::string &report) {
  State &all = state();
  Locked guard;
  strlcpy(all.peers_report, report.c_str(), sizeof all.peers_report);
}

std::string peers_report() {
  char copy[sizeof State::peers_report];
  {
    Locked guard;
    strlcpy(copy, state().peers_report, sizeof copy);
  }
  return copy;
}

bool is_alive(const Worker &place) {
  pid_t const pid = pid_of(place);
  return pid != 0 && kill(pid, 0) == 0;
}

void terminate(const Worker &place) {
  pid_t const pid = pid_of(place);
  if (pid != 0) kill(pid, SIGTERM);
}

void wake(const Worker &place) {
  Latch *latch = nullptr;
  {
    Locked guard;
    latch = place.latch;
  }
  if (latch != nullptr) SetLatch(latch);
}

}  // namespace shared
