#include "src/functions/recordings.hpp"

#include <algorithm>

#include "src/pg/boundary.hpp"
#include "src/pg/compat.hpp"

extern "C" {
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/condition_variable.h"
#include "storage/latch.h"

PG_FUNCTION_INFO_V1(atelier_recordings);
PG_FUNCTION_INFO_V1(atelier_wait_for_recordings);
PGDLLEXPORT Datum atelier_recordings(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum atelier_wait_for_recordings(PG_FUNCTION_ARGS);
}

namespace {

constexpr long unasked_look_ms = 1000;

}  // namespace

uint32 recordings_of(shared::Database *database) noexcept {
  return database == nullptr ? 0 : pg_atomic_read_u32(&database->recordings);
}

void sleep_until_recorded(shared::Database *database, uint32 seen, long wait_ms) {
  long const bounded_ms = std::clamp(wait_ms, 0L, unasked_look_ms);
  pg::call([&] {
    if (database == nullptr) {
      (void)WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, bounded_ms,
                      compat::wait_event_job());
      ResetLatch(MyLatch);
      CHECK_FOR_INTERRUPTS();
      return;
    }
    ConditionVariablePrepareToSleep(&database->job_recorded);
    if (pg_atomic_read_u32(&database->recordings) == seen)
      (void)ConditionVariableTimedSleep(&database->job_recorded, bounded_ms,
                                        compat::wait_event_job());
    ConditionVariableCancelSleep();
  });
}

Datum atelier_recordings(PG_FUNCTION_ARGS) {
  static_cast<void>(fcinfo);
  return pg::entry([&]() -> Datum {
    shared::Database *const home =
        shared::attach() == nullptr ? nullptr : shared::find(MyDatabaseId);
    PG_RETURN_INT64(static_cast<int64>(recordings_of(home)));
  });
}

Datum atelier_wait_for_recordings(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    shared::Database *const home =
        shared::attach() == nullptr ? nullptr : shared::find(MyDatabaseId);
    sleep_until_recorded(home, static_cast<uint32>(PG_GETARG_INT64(0)),
                         static_cast<long>(PG_GETARG_FLOAT8(1)));
    PG_RETURN_VOID();
  });
}
