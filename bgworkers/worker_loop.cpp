#include "bgworkers/worker_loop.hpp"

#include <algorithm>

#include "src/pg/compat.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/lock.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
}

namespace bgworkers {

void install_signal_handlers() {
  pqsignal(SIGHUP, SignalHandlerForConfigReload);
  pqsignal(SIGTERM, die);  // the default handler raises FATAL inside the signal handler
  BackgroundWorkerUnblockSignals();
}

void connect_to(Oid database, Oid role) {
  pg::call([&] {
    BackgroundWorkerInitializeConnectionByOid(database, role, 0);
    pgstat_report_appname(MyBgworkerEntry->bgw_type);
    pgstat_report_activity(STATE_IDLE, nullptr);
    // The statements are ours and qualified; a role's search_path must not matter.
    SetConfigOption("search_path", "pg_catalog, pg_temp", PGC_SUSET, PGC_S_OVERRIDE);
    SetConfigOption("lock_timeout", "10s", PGC_SUSET, PGC_S_OVERRIDE);
    // A claim that a crash or a promotion could undo would be carried out twice.
    SetConfigOption("synchronous_commit", "on", PGC_SUSET, PGC_S_OVERRIDE);
  });
}

void connect_to_shared_catalogs() {
  pg::call([] {
    BackgroundWorkerInitializeConnection(nullptr, nullptr, 0);
    pgstat_report_appname(MyBgworkerEntry->bgw_type);
    pgstat_report_activity(STATE_IDLE, nullptr);
  });
}

void reload_configuration_if_asked() {
  if (!ConfigReloadPending) return;
  ConfigReloadPending = false;
  pg::call([] { ProcessConfigFile(PGC_SIGHUP); });
}

void heed_interrupts() {
  QueryCancelPending = false;
  CHECK_FOR_INTERRUPTS();
}

bool wait(std::chrono::milliseconds timeout) {
  return pg::call([&] {
    int const events = WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
                                 static_cast<long>(timeout.count()), compat::wait_event_main());
    ResetLatch(MyLatch);
    heed_interrupts();
    return (events & WL_LATCH_SET) != 0;
  });
}

Standing standing_of_database() {
  return pg::call([] {
    Standing standing = Standing::present;
    StartTransactionCommand();
    // The lock every new connection takes for a moment. Who drops, renames or copies the database
    // holds a conflicting one and waits for us, five seconds at most.
    LOCKTAG tag;
    SET_LOCKTAG_OBJECT(tag, InvalidOid, DatabaseRelationId, MyDatabaseId, 0);
    if (LockAcquire(&tag, RowExclusiveLock, false, true) == LOCKACQUIRE_NOT_AVAIL)
      standing = Standing::unwelcome;
    else if (!OidIsValid(get_extension_oid("atelier", true)))
      standing = Standing::absent;
    CommitTransactionCommand();
    return standing;
  });
}

void BackOff::failed() noexcept {
  constexpr int most_doublings = 5;
  auto const delay = std::min(std::chrono::seconds(1U << std::min(failures_, most_doublings)),
                              std::chrono::seconds(30));
  ++failures_;
  not_before_ = Clock::now() + delay;
}

void BackOff::succeeded() noexcept {
  failures_ = 0;
  not_before_ = {};
}

std::chrono::milliseconds until(Clock::time_point point) {
  auto const left = std::chrono::ceil<std::chrono::milliseconds>(point - Clock::now());
  return std::max(left, std::chrono::milliseconds(0));
}

}  // namespace bgworkers
