#include "bgworkers/registration.hpp"

extern "C" {
#include "miscadmin.h"
#include "storage/latch.h"
}

namespace bgworkers {
namespace {

constexpr int launcher_restart_s = 5;

BackgroundWorker describe(const char *function, const char *name) {
  BackgroundWorker worker{};
  worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
  worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
  worker.bgw_restart_time = BGW_NEVER_RESTART;
  strlcpy(worker.bgw_library_name, "atelier", sizeof worker.bgw_library_name);
  strlcpy(worker.bgw_function_name, function, sizeof worker.bgw_function_name);
  strlcpy(worker.bgw_type, name, sizeof worker.bgw_type);
  strlcpy(worker.bgw_name, name, sizeof worker.bgw_name);
  return worker;
}

BackgroundWorker describe_launcher() {
  BackgroundWorker worker = describe("atelier_launcher_main", "atelier launcher");
  worker.bgw_restart_time = launcher_restart_s;
  return worker;
}

// The launcher restarts its workers itself, with a back-off; it hears of their end by a signal.
BackgroundWorkerHandle *start(BackgroundWorker &worker) {
  worker.bgw_notify_pid = MyProcPid;
  return pg::call([&] {
    BackgroundWorkerHandle *handle = nullptr;
    return RegisterDynamicBackgroundWorker(&worker, &handle) ? handle : nullptr;
  });
}

BackgroundWorkerHandle *start_in(const char *function, const char *name, Oid database, Oid role) {
  BackgroundWorker worker = describe(function, name);
  snprintf(worker.bgw_name, sizeof worker.bgw_name, "%s for database %u", name, database);
  worker.bgw_main_arg = ObjectIdGetDatum(database);
  static_assert(sizeof role <= sizeof worker.bgw_extra);
  memcpy(worker.bgw_extra, &role, sizeof role);
  return start(worker);
}

BackgroundWorkerHandle *start_without_database(const char *function, const char *name) {
  BackgroundWorker worker = describe(function, name);
  worker.bgw_flags = BGWORKER_SHMEM_ACCESS;
  return start(worker);
}

}  // namespace

void register_launcher_at_preload() {
  BackgroundWorker worker = describe_launcher();
  RegisterBackgroundWorker(&worker);
}

void start_launcher() {
  BackgroundWorker worker = describe_launcher();
  BackgroundWorkerHandle *const handle = start(worker);
  if (handle == nullptr)
    throw pg::Failure(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED, "no free background worker slot",
                      "Raise max_worker_processes: Atelier needs two, and two for each database.");
  pid_t pid = 0;
  BgwHandleStatus const status =
      pg::call([&] { return WaitForBackgroundWorkerStartup(handle, &pid); });
  if (status != BGWH_STARTED)
    throw pg::Failure(ERRCODE_INTERNAL_ERROR, "the launcher did not start",
                      "The server log says why.");
}

BackgroundWorkerHandle *start_dispatcher(Oid database, Oid role) {
  return start_in("atelier_dispatcher_main", "atelier dispatcher", database, role);
}

BackgroundWorkerHandle *start_janitor(Oid database, Oid role) {
  return start_in("atelier_janitor_main", "atelier janitor", database, role);
}

BackgroundWorkerHandle *start_runner_supervisor() {
  return start_without_database("atelier_runner_supervisor_main", "atelier runner supervisor");
}

BackgroundWorkerHandle *start_peer_check() {
  return start_without_database("atelier_peer_check_main", "atelier peer check");
}

Oid role_of_this_worker() {
  Oid role = InvalidOid;
  memcpy(&role, MyBgworkerEntry->bgw_extra, sizeof role);
  return role;
}

}  // namespace bgworkers
