// The janitor: one per database. Schedules that are due, leases that ran out, workspace assets that
// expired, bytes of deleted objects, old events and the partitions of logs, each in short
// transactions that leave the rest for the next round.
#include <algorithm>
#include <string>

#include "bgworkers/registration.hpp"
#include "bgworkers/worker_loop.hpp"
#include "src/pg/settings.hpp"
#include "src/pg/spi.hpp"
#include "src/pg/transaction.hpp"

extern "C" {
#include "miscadmin.h"
#include "postmaster/bgworker.h"

PGDLLEXPORT void atelier_janitor_main(Datum database);
}

namespace bgworkers {
namespace {

constexpr auto standing_interval = std::chrono::seconds(1);
constexpr int objects_per_transaction = 50;
constexpr int64_t events_per_transaction = 5000;
constexpr int64_t webhooks_per_transaction = 10000;
constexpr auto schedules_unasked = std::chrono::minutes(1);

pg::Statement reap_expired_leases("select atelier_engine.reap_expired_leases()");
pg::Statement expire_assets("select atelier.cleanup_expired_workspace_assets()");
pg::Statement unblock_just_missed("select atelier_engine.unblock_just_missed()");
pg::Statement refresh_timings("select atelier_engine.refresh_timings()");
pg::Statement run_schedules("select atelier_engine.run_schedules()");
pg::Statement forget_webhooks("select atelier_engine.forget_webhooks()");
pg::Statement delete_old_events("select atelier_engine.delete_old_events($1)");
// 0.1.0 does not know it.
pg::Statement knows_tend_logs(
    "select exists (select from pg_catalog.pg_proc p where p.proname = 'tend_logs')");
pg::Statement tend_logs_sql("select atelier_engine.tend_logs()");
pg::Statement knows_tend_studio(
    "select exists (select from pg_catalog.pg_proc p where p.proname = 'tend_studio')");
pg::Statement tend_studio_sql("select atelier_engine.tend_studio()");
pg::Statement delete_pending_objects("select atelier_engine.delete_pending_objects($1)");

int64_t count_of(const char *activity, pg::Statement &statement,
                 std::initializer_list<pg::Argument> arguments) {
  pg::Transaction transaction(activity);
  int64_t const count = statement.run(arguments).integer(0, 1);
  transaction.commit();
  return count;
}

class Janitor {
 public:
  explicit Janitor(shared::Database &home) : home_(home) {}

  void run() {
    shared::set_state(home_.janitor, "running");
    while (standing_of_database() == Standing::present) {
      reload_configuration_if_asked();
      if (asked_ || (back_off_.due() && Clock::now() >= next_round_)) tidy();
      if (back_off_.due()) unblock_jobs();
      if (asked_ || (back_off_.due() && Clock::now() >= next_schedule_)) run_due_schedules();
      asked_ = wait(standing_interval);
    }
  }

 private:
  void tidy() {
    next_round_ = Clock::now() + std::chrono::seconds(settings::janitor_interval_s);
    tend("tending logs", knows_tend_logs, tend_logs_sql);
    tend("tending the studio", knows_tend_studio, tend_studio_sql);
    try {
      int64_t const leases = count_of("settling lost leases", reap_expired_leases, {});
      int64_t const assets = count_of("expiring workspace assets", expire_assets, {});
      int64_t const objects = delete_objects();
      delete_events();
      delete_webhooks();
      count_of("learning how long models take", refresh_timings, {});
      if (leases > 0) shared::wake(home_.dispatcher);
      shared::set_state(home_.janitor, "running",
                        "last round: " + std::to_string(leases) + " leases, " +
                            std::to_string(assets) + " assets, " + std::to_string(objects) +
                            " objects");
      back_off_.succeeded();
    } catch (const pg::Error &error) {
      pg::log(error);
      back_off_.failed();
    }
  }

  // Jobs that were queued while what they depend on ended.
  void unblock_jobs() {
    try {
      (void)count_of("unblocking jobs", unblock_just_missed, {});
    } catch (const pg::Error &error) {
      pg::log(error);
      back_off_.failed();
    }
  }

  // Sleeps until the next one is due; a new one wakes the janitor.
  void run_due_schedules() {
    next_schedule_ = Clock::now() + schedules_unasked;
    try {
      pg::Transaction transaction("running schedules");
      pg::Statement::Rows const rows = run_schedules.run({});
      if (!rows.is_null(0, 1))
        next_schedule_ =
            std::min(next_schedule_, Clock::now() + std::chrono::milliseconds(rows.integer(0, 1)));
      transaction.commit();
    } catch (const pg::Error &error) {
      pg::log(error);
      back_off_.failed();
    }
  }

  // Whoever keeps one of these from being tended keeps the janitor from nothing else.
  static void tend(const char *activity, pg::Statement &knows, pg::Statement &statement) {
    try {
      pg::Transaction transaction(activity);
      if (knows.run({}).boolean(0, 1)) statement.run({});
      transaction.commit();
    } catch (const pg::Error &error) {
      pg::log(error);
    }
  }

  static void delete_events() {
    while (count_of("deleting old events", delete_old_events,
                    {pg::int4(settings::event_retention_s)}) == events_per_transaction)
      pg::check_for_interrupts();
  }

  static void delete_webhooks() {
    while (count_of("forgetting webhooks", forget_webhooks, {}) == webhooks_per_transaction)
      pg::check_for_interrupts();
  }

  static int64_t delete_objects() {
    int64_t total = 0;
    for (;;) {
      int64_t const deleted =
          count_of("deleting objects", delete_pending_objects, {pg::int4(objects_per_transaction)});
      total += deleted;
      if (deleted < objects_per_transaction) return total;
      pg::check_for_interrupts();
    }
  }

  shared::Database &home_;
  bool asked_ = true;
  Clock::time_point next_round_{};
  Clock::time_point next_schedule_{};
  BackOff back_off_;
};

}  // namespace
}  // namespace bgworkers

void atelier_janitor_main(Datum argument) {
  bgworkers::install_signal_handlers();
  pg::entry([&] {
    Oid const database = DatumGetObjectId(argument);
    bgworkers::connect_to(database, bgworkers::role_of_this_worker());
    shared::Database *const home = shared::find(database);
    if (home == nullptr) return;
    shared::Registration const place(home->janitor, "janitor");
    bgworkers::Janitor(*home).run();
  });
}
