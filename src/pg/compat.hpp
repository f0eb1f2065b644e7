// The differences between PostgreSQL versions, in one place.
#pragma once

extern "C" {
#include "postgres.h"

#include "replication/walreceiver.h"
#include "storage/latch.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif
#if PG_VERSION_NUM >= 170000
#include "utils/resowner.h"
#endif
}

namespace compat {

inline uint32 wait_event(const char *name) {
#if PG_VERSION_NUM >= 170000
  return WaitEventExtensionNew(name);
#else
  (void)name;
  return PG_WAIT_EXTENSION;
#endif
}

inline uint32 wait_event_main() {
  static uint32 const event = wait_event("AtelierMain");
  return event;
}

inline uint32 wait_event_job() {
  static uint32 const event = wait_event("AtelierWaitForJob");
  return event;
}

// A set that lives until it is freed, independent of transactions.
inline WaitEventSet *create_wait_event_set(int events) {
#if PG_VERSION_NUM >= 170000
  return CreateWaitEventSet(nullptr, events);
#else
  return CreateWaitEventSet(TopMemoryContext, events);
#endif
}

// As a standby connects to its primary. Needs libpqwalreceiver. nullptr: *problem says why.
inline WalReceiverConn *connect_to_walsender(const char *conninfo, const char *name,
                                             char **problem) {
#if PG_VERSION_NUM >= 170000
  return walrcv_connect(conninfo, true, false, false, name, problem);
#elif PG_VERSION_NUM >= 160000
  return walrcv_connect(conninfo, false, false, name, problem);
#else
  return walrcv_connect(conninfo, false, name, problem);
#endif
}

}  // namespace compat
