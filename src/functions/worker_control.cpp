// atelier.start(), atelier.stop() and the list of processes behind atelier.worker_status.
#include <string>

#include "bgworkers/registration.hpp"
#include "src/pg/boundary.hpp"
#include "src/pg/shared_state.hpp"

extern "C" {
#include "access/xlog.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(atelier_start);
PG_FUNCTION_INFO_V1(atelier_stop);
PG_FUNCTION_INFO_V1(atelier_worker_processes);
PGDLLEXPORT Datum atelier_start(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum atelier_stop(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum atelier_worker_processes(PG_FUNCTION_ARGS);
}

namespace {

Datum as_text(const char *text) {
  return pg::call([&] { return CStringGetTextDatum(text); });
}

// One row of atelier_engine.worker_processes().
struct Row {
  const char *process;
  Oid database;
  pid_t pid;
  TimestampTz started_at;
  uint32 starts;
  const char *state;
  const char *detail;
};

void put(ReturnSetInfo *result, const Row &row) {
  if (row.starts == 0) return;  // never ran
  pg::call([&] {
    Datum values[7];
    bool nulls[7] = {false};
    values[0] = CStringGetTextDatum(row.process);
    values[1] = ObjectIdGetDatum(row.database);
    nulls[1] = row.database == InvalidOid;
    values[2] = Int32GetDatum(row.pid);
    nulls[2] = row.pid == 0;
    values[3] = CStringGetTextDatum(row.state);
    values[4] = TimestampTzGetDatum(row.started_at);
    values[5] = Int32GetDatum(static_cast<int32>(row.starts) - 1);
    values[6] = CStringGetTextDatum(row.detail);
    tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
  });
}

void put(ReturnSetInfo *result, const char *process, Oid database, const shared::Worker &worker) {
  put(result, Row{process, database, worker.pid, worker.started_at, worker.starts, worker.state,
                  worker.detail});
}

void put(ReturnSetInfo *result, const char *process, Oid database, const shared::Child &child) {
  put(result,
      Row{process, database, child.pid, child.started_at, child.starts, child.state, child.detail});
}

}  // namespace

Datum atelier_start(PG_FUNCTION_ARGS) {
  (void)fcinfo;
  return pg::entry([]() -> Datum {
    if (RecoveryInProgress())
      throw pg::Failure(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                        "this server is a standby and runs no workers",
                        "They start here after a promotion.");
    shared::State &all = shared::state();
    shared::find_or_add(MyDatabaseId);
    SpinLockAcquire(&all.mutex);
    all.stop_requested = false;
    SpinLockRelease(&all.mutex);
    pg_atomic_fetch_add_u32(&all.announcements, 1);
    if (shared::is_alive(all.launcher)) {
      shared::wake(all.launcher);
      return as_text("the workers are already running");
    }
    bgworkers::start_launcher();
    return as_text("the workers have been started");
  });
}

Datum atelier_stop(PG_FUNCTION_ARGS) {
  (void)fcinfo;
  return pg::entry([]() -> Datum {
    shared::State &all = shared::state();
    SpinLockAcquire(&all.mutex);
    all.stop_requested = true;
    SpinLockRelease(&all.mutex);
    if (!shared::is_alive(all.launcher)) return as_text("the workers are not running");
    shared::wake(all.launcher);
    return as_text("the workers are stopping");
  });
}

Datum atelier_worker_processes(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    pg::call([&] { InitMaterializedSRF(fcinfo, 0); });
    auto *const result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    if (shared::attach() == nullptr) {
      put(result, Row{"launcher", InvalidOid, 0, 0, 1, "foreign",
                      "the workers belong to another version of atelier"});
      return Datum{0};
    }
    shared::State &all = shared::state();
    // A copy: rows are built by code that may fail, and the spinlock must not be held then.
    auto *const copy =
        pg::call([] { return static_cast<shared::State *>(palloc(sizeof(shared::State))); });
    SpinLockAcquire(&all.mutex);
    memcpy(copy, &all, sizeof *copy);
    SpinLockRelease(&all.mutex);

    put(result, "launcher", InvalidOid, copy->launcher);
    put(result, "runner_supervisor", InvalidOid, copy->supervisor);
    for (int i = 0; i < copy->runner_count; ++i)
      put(result, "runner", InvalidOid, copy->runners[i]);
    for (const shared::Database &database : copy->databases) {
      if (database.oid == InvalidOid) continue;
      put(result, "dispatcher", database.oid, database.dispatcher);
      put(result, "courier", database.oid, database.courier);
      put(result, "janitor", database.oid, database.janitor);
    }
    return Datum{0};
  });
}
