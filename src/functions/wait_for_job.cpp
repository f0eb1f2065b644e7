// procedure atelier.wait_for_job(): waits until a job has ended, without holding a snapshot.
//
// A procedure and not a function: a function's statement would keep its snapshot for the whole
// wait, and a vacuum could remove nothing that died meanwhile. Between two looks at the job there
// is no transaction work at all; the dispatcher's broadcast ends the wait.
#include <cstring>
#include <string>

#include "src/functions/recordings.hpp"
#include "src/pg/boundary.hpp"
#include "src/pg/shared_state.hpp"

extern "C" {
#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

PG_FUNCTION_INFO_V1(atelier_wait_for_job);
PGDLLEXPORT Datum atelier_wait_for_job(PG_FUNCTION_ARGS);
}

namespace {

bool may_commit(FunctionCallInfo fcinfo) {
  return fcinfo->context != nullptr && IsA(fcinfo->context, CallContext) &&
         !castNode(CallContext, fcinfo->context)->atomic;
}

TimestampTz deadline_after(const Interval &wait) {
  constexpr int64 days_a_month = 30;
  int64 const us = wait.time + (wait.day + wait.month * days_a_month) * USECS_PER_DAY;
  TimestampTz const now = GetCurrentTimestamp();
  return us > PG_INT64_MAX - now ? PG_INT64_MAX : now + us;
}

// As the caller, so row-level security decides whether the job exists.
std::string status_of(Datum job_id) {
  const char *const status = pg::call([&] {
    Oid type = UUIDOID;
    int const code = SPI_execute_with_args("select status from atelier.jobs where id = $1", 1,
                                           &type, &job_id, nullptr, true, 1);
    if (code != SPI_OK_SELECT)
      elog(ERROR, "SPI_execute_with_args failed: %s", SPI_result_code_string(code));
    return SPI_processed == 0 ? nullptr
                              : SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
  });
  if (status == nullptr)
    throw pg::Failure(MAKE_SQLSTATE('P', 'T', '4', '0', '4'), "no such job",
                      "The job does not exist, is not committed yet, or belongs to somebody else.");
  return status;
}

bool is_terminal(const std::string &status) {
  return status == "completed" || status == "failed" || status == "cancelled";
}

std::string wait_for(Datum job_id, TimestampTz deadline) {
  for (;;) {
    shared::Database *const database = shared::find(MyDatabaseId);
    uint32 const seen = recordings_of(database);
    std::string status = status_of(job_id);
    if (is_terminal(status) || GetCurrentTimestamp() >= deadline) return status;
    pg::call([] { SPI_commit(); });  // gives up the snapshot and all locks
    sleep_until_recorded(database, seen,
                         TimestampDifferenceMilliseconds(GetCurrentTimestamp(), deadline));
  }
}

Datum result_row(FunctionCallInfo fcinfo, const std::string &status) {
  const char *const text = status.c_str();
  return pg::call([&] {
    TupleDesc descriptor = nullptr;
    if (get_call_result_type(fcinfo, nullptr, &descriptor) != TYPEFUNC_COMPOSITE)
      elog(ERROR, "wait_for_job is declared with an unexpected result");
    Datum value = CStringGetTextDatum(text);
    bool is_null = false;
    return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), &value, &is_null));
  });
}

}  // namespace

Datum atelier_wait_for_job(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    if (!may_commit(fcinfo))
      throw pg::Failure(ERRCODE_INVALID_TRANSACTION_TERMINATION,
                        "wait_for_job cannot run inside a transaction block",
                        "Commit the job first, then CALL atelier.wait_for_job on its own.");
    if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
      throw pg::Failure(ERRCODE_NULL_VALUE_NOT_ALLOWED, "job and time limit must not be null");
    TimestampTz const deadline = deadline_after(*PG_GETARG_INTERVAL_P(1));
    // Arguments live in the portal's memory, which a commit may free.
    pg_uuid_t job = *PG_GETARG_UUID_P(0);
    pg::call([] { SPI_connect_ext(SPI_OPT_NONATOMIC); });
    std::string const status = wait_for(UUIDPGetDatum(&job), deadline);
    pg::call([] { SPI_finish(); });
    return result_row(fcinfo, status);
  });
}
