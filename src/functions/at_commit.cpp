// What a transaction asks of the workers is done when it commits, once, and forgotten when it
// aborts: a worker woken earlier would not see the rows yet. No NOTIFY: it would serialise all
// committers on one lock.
#include "src/pg/boundary.hpp"
#include "src/pg/shared_state.hpp"

extern "C" {
#include "access/xact.h"
#include "fmgr.h"
#include "miscadmin.h"

PG_FUNCTION_INFO_V1(atelier_wake_dispatcher);
PG_FUNCTION_INFO_V1(atelier_wake_for_cancel);
PG_FUNCTION_INFO_V1(atelier_wake_for_webhooks);
PG_FUNCTION_INFO_V1(atelier_wake_for_webhook_keys);
PG_FUNCTION_INFO_V1(atelier_miss_webhook_key);
PG_FUNCTION_INFO_V1(atelier_wake_janitor);
PG_FUNCTION_INFO_V1(atelier_announce_database);
PG_FUNCTION_INFO_V1(atelier_announce_events);
PGDLLEXPORT Datum atelier_wake_dispatcher(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum atelier_wake_for_cancel(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum atelier_wake_for_webhooks(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum atelier_wake_for_webhook_keys(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum atelier_miss_webhook_key(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum atelier_wake_janitor(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum atelier_announce_database(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum atelier_announce_events(PG_FUNCTION_ARGS);
}

namespace {

struct Asked {
  bool dispatcher = false;
  bool cancel = false;
  bool webhooks = false;
  bool webhook_keys = false;
  bool janitor = false;
  bool announce = false;
  bool events = false;
} asked;

// Runs after the commit: must not fail, so it only sets latches in memory already attached.
void perform() noexcept {
  Oid const database = MyDatabaseId;
  if (asked.announce) {
    shared::find_or_add(database);
    pg_atomic_fetch_add_u32(&shared::state().announcements, 1);
    shared::wake(shared::state().launcher);
  }
  if (shared::Database *const place = shared::find(database)) {
    if (asked.events) {
      pg_atomic_fetch_add_u32(&place->events_written, 1);
      // The dispatcher looks at the counter after what it wrote itself.
      asked.dispatcher = asked.dispatcher || place->dispatcher.pid != MyProcPid;
    }
    if (asked.cancel) pg_atomic_fetch_add_u32(&place->cancellations, 1);
    if (asked.webhooks) pg_atomic_fetch_add_u32(&place->webhooks, 1);
    if (asked.webhook_keys) pg_atomic_fetch_add_u32(&place->missed_keys, 1);
    if (asked.dispatcher) shared::wake(place->dispatcher);
    if (asked.janitor) shared::wake(place->janitor);
  }
}

void at_end(XactEvent event, void *) {
  if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE)
    return;
  if (event == XACT_EVENT_COMMIT &&
      (asked.dispatcher || asked.janitor || asked.announce || asked.events))
    perform();
  asked = Asked{};
}

void remember(bool Asked::*what) {
  static bool registered = false;
  // Attach now: after the commit it is too late for an error. Workers of another version look for
  // work unasked.
  if (shared::attach() == nullptr) return;
  if (!registered) {
    pg::call([] { RegisterXactCallback(at_end, nullptr); });
    registered = true;
  }
  asked.*what = true;
}

}  // namespace

Datum atelier_wake_dispatcher(PG_FUNCTION_ARGS) {
  (void)fcinfo;
  return pg::entry([]() -> Datum {
    remember(&Asked::dispatcher);
    return Datum{0};
  });
}

Datum atelier_wake_for_cancel(PG_FUNCTION_ARGS) {
  (void)fcinfo;
  return pg::entry([]() -> Datum {
    remember(&Asked::dispatcher);
    remember(&Asked::cancel);
    return Datum{0};
  });
}

Datum atelier_wake_for_webhooks(PG_FUNCTION_ARGS) {
  (void)fcinfo;
  return pg::entry([]() -> Datum {
    remember(&Asked::dispatcher);
    remember(&Asked::webhooks);
    return Datum{0};
  });
}

Datum atelier_wake_for_webhook_keys(PG_FUNCTION_ARGS) {
  (void)fcinfo;
  return pg::entry([]() -> Datum {
    remember(&Asked::dispatcher);
    remember(&Asked::webhook_keys);
    return Datum{0};
  });
}

Datum atelier_miss_webhook_key(PG_FUNCTION_ARGS) {
  (void)fcinfo;
  return pg::entry([]() -> Datum {
    // Without waking anybody: this is for everybody to call, as often as he likes.
    if (shared::Database *const place = shared::find(MyDatabaseId))
      pg_atomic_fetch_add_u32(&place->missed_keys, 1);
    return Datum{0};
  });
}

Datum atelier_wake_janitor(PG_FUNCTION_ARGS) {
  (void)fcinfo;
  return pg::entry([]() -> Datum {
    remember(&Asked::janitor);
    return Datum{0};
  });
}

Datum atelier_announce_database(PG_FUNCTION_ARGS) {
  (void)fcinfo;
  return pg::entry([]() -> Datum {
    remember(&Asked::announce);
    return Datum{0};
  });
}

Datum atelier_announce_events(PG_FUNCTION_ARGS) {
  (void)fcinfo;
  return pg::entry([]() -> Datum {
    remember(&Asked::events);
    return Datum{0};
  });
}
