#include "src/pg/transaction.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_extension.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "pgstat.h"
#include "storage/lmgr.h"
#include "utils/snapmgr.h"
}

namespace pg {
namespace {

// DROP EXTENSION locks the extension first and then its objects one by one, in an order of its own:
// here it waits for us, or we for it, before either has anything that the other wants.
void keep_extension() {
  LockDatabaseObject(ExtensionRelationId, get_extension_oid("atelier", false), 0, AccessShareLock);
}

}  // namespace

Transaction::Transaction(const char *activity) {
  call([&] {
    SetCurrentStatementStartTimestamp();
    pgstat_report_activity(STATE_RUNNING, activity);
    StartTransactionCommand();
    keep_extension();
    PushActiveSnapshot(GetTransactionSnapshot());
    if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "SPI_connect failed");
  });
}

void Transaction::commit() {
  call([] {
    SPI_finish();
    PopActiveSnapshot();
    CommitTransactionCommand();
    pgstat_report_stat(false);  // or autovacuum never learns of our writes
    pgstat_report_activity(STATE_IDLE, nullptr);
  });
  abort_.armed = false;
  MemoryContextSwitchTo(abort_.outer);
}

Transaction::AbortUnlessCommitted::~AbortUnlessCommitted() {
  if (!armed) return;
  try {
    call([] {
      AbortCurrentTransaction();
      pgstat_report_stat(false);
      pgstat_report_activity(STATE_IDLE, nullptr);
    });
  } catch (...) {
    ereport(FATAL, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not abort transaction")));
  }
  MemoryContextSwitchTo(outer);
}

}  // namespace pg
