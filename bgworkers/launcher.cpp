// The launcher: one per cluster. It knows which databases have the extension, keeps a dispatcher
// and a janitor running in each, and one runner supervisor for all. It reads shared catalogs only.
//
// A database is asked once whether it has the extension: its dispatcher looks, and ends when it
// has not. CREATE EXTENSION announces a database; a database made by copying is found in the list.
#include "bgworkers/fence.hpp"
#include "bgworkers/registration.hpp"
#include "bgworkers/worker_loop.hpp"
#include "src/pg/settings.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

extern "C" {
#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_database.h"
#include "postmaster/bgworker.h"
#include "utils/snapmgr.h"

PGDLLEXPORT void atelier_launcher_main(Datum);
}

namespace bgworkers {
namespace {

constexpr auto database_list_interval = std::chrono::seconds(10);
constexpr size_t most_databases_listed = 4096;

// A background worker that should run, and its handle while it is registered.
class Keeper {
 public:
  // Starts the worker when it is down and its back-off is over. False: no free slot.
  // A worker in its place that is not ours was started by an earlier launcher, and goes on.
  template <typename Start>
  bool keep(const shared::Worker &place, Start &&start) {
    if (running() || shared::is_alive(place) || !back_off_.due()) return true;
    handle_ = start();
    // A worker that lives for a minute has earned a fresh back-off.
    started_ = Clock::now();
    back_off_.failed();
    return handle_ != nullptr;
  }

  bool running() {
    if (handle_ == nullptr) return false;
    pid_t pid = 0;
    BgwHandleStatus const status = pg::call([&] { return GetBackgroundWorkerPid(handle_, &pid); });
    if (status != BGWH_STOPPED) {
      if (Clock::now() - started_ > std::chrono::minutes(1)) back_off_.succeeded();
      return true;
    }
    pg::call([&] { pfree(handle_); });
    handle_ = nullptr;
    ended_ = true;
    return false;
  }

  // True once after each end.
  bool take_ended() { return std::exchange(ended_, false); }

  void stop(const shared::Worker &place) {
    if (handle_ != nullptr)
      pg::call([&] { TerminateBackgroundWorker(handle_); });
    else
      shared::terminate(place);
  }

  std::optional<Clock::time_point> retry_at() const {
    if (handle_ != nullptr || back_off_.due()) return std::nullopt;
    return back_off_.not_before();
  }

 private:
  BackgroundWorkerHandle *handle_ = nullptr;
  bool ended_ = false;
  Clock::time_point started_{};
  BackOff back_off_;
};

struct Home {
  bool has_extension = true;  // until its dispatcher says otherwise
  uint32 asked_at = 0;        // the count of announcements when its dispatcher was started
  Keeper dispatcher;
  Keeper janitor;
};

// What pg_database and pg_authid say.
struct Catalog {
  Oid worker_role = InvalidOid;
  std::vector<Oid> databases;
};

// The catalog caches would do for anybody else: who creates the extension wakes us before our cache
// hears that the role is there.
Oid find_worker_role() {
  Relation const relation = table_open(AuthIdRelationId, AccessShareLock);
  TableScanDesc const scan = table_beginscan_catalog(relation, 0, nullptr);
  Oid role = InvalidOid;
  HeapTuple tuple = nullptr;
  while ((tuple = heap_getnext(scan, ForwardScanDirection)) != nullptr) {
    auto *const row = reinterpret_cast<Form_pg_authid>(GETSTRUCT(tuple));
    if (strcmp(NameStr(row->rolname), "atelier_worker") == 0) role = row->oid;
  }
  table_endscan(scan);
  table_close(relation, AccessShareLock);
  return role;
}

Catalog read_catalog() {
  struct Listing {
    Oid role;
    size_t count;
    Oid databases[most_databases_listed];
  };
  auto listing = std::make_unique<Listing>();
  pg::call([&] {
    StartTransactionCommand();
    (void)GetTransactionSnapshot();
    listing->role = find_worker_role();
    listing->count = 0;
    Relation const relation = table_open(DatabaseRelationId, AccessShareLock);
    TableScanDesc const scan = table_beginscan_catalog(relation, 0, nullptr);
    HeapTuple tuple = nullptr;
    while ((tuple = heap_getnext(scan, ForwardScanDirection)) != nullptr) {
      auto *const row = reinterpret_cast<Form_pg_database>(GETSTRUCT(tuple));
      if (row->datallowconn && !row->datistemplate && listing->count < most_databases_listed)
        listing->databases[listing->count++] = row->oid;
    }
    table_endscan(scan);
    table_close(relation, AccessShareLock);
    CommitTransactionCommand();
  });
  return {listing->role, {listing->databases, listing->databases + listing->count}};
}

class Launcher {
 public:
  void run();

 private:
  bool may_dispatch();
  void look_at_databases();
  void keep_workers();
  void complain_about_slots();
  bool stopping();
  void stop_workers();
  std::chrono::milliseconds time_to_sleep() const;

  Catalog catalog_;
  std::map<Oid, Home> homes_;
  Keeper supervisor_;
  Fence fence_;
  TimeLineID replaced_by_ = 0;
  uint32 announcements_seen_ = 0;
  Clock::time_point next_look_{};
  Clock::time_point next_complaint_{};
};

// False before the peers were asked, and when one of them has taken over.
bool Launcher::may_dispatch() {
  fence_.keep_asking();
  TimeLineID const newer = replaced_by_timeline();
  if (newer != 0 && newer != replaced_by_)
    pg::call([&] {
      ereport(WARNING,
              (errmsg("nothing is dispatched: another server has taken over on timeline %u", newer),
               errhint("Stop this server, and make it a standby of the other one with pg_rewind or "
                       "pg_basebackup.")));
    });
  replaced_by_ = newer;
  if (newer != 0) {
    stop_workers();
    shared::set_state(shared::state().launcher, "replaced",
                      "another server has taken over on timeline " + std::to_string(newer));
  } else {
    shared::set_state(shared::state().launcher, fence_.asked() ? "running" : "starting",
                      shared::peers_report());
  }
  return newer == 0 && fence_.asked();
}

// Databases that are new, or announced since, get a dispatcher that finds out; the rest is as
// before. Databases that are gone are forgotten.
void Launcher::look_at_databases() {
  uint32 const announced = pg_atomic_read_u32(&shared::state().announcements);
  bool const ask_again = announced != announcements_seen_;
  if (!ask_again && Clock::now() < next_look_) return;
  announcements_seen_ = announced;
  next_look_ = Clock::now() + database_list_interval;
  catalog_ = read_catalog();

  std::map<Oid, Home> known = std::move(homes_);
  homes_.clear();
  for (Oid const oid : catalog_.databases) {
    auto found = known.find(oid);
    Home home = found == known.end() ? Home{} : found->second;
    if (found != known.end()) known.erase(found);
    if (ask_again) home.has_extension = true;
    homes_.emplace(oid, home);
  }
  for (auto const &gone : known)
    shared::remove(gone.first);
}

void Launcher::keep_workers() {
  if (!OidIsValid(catalog_.worker_role)) return;  // the extension is in no database
  bool enough_slots = true;
  bool at_home_anywhere = false;
  for (auto &[oid, home] : homes_) {
    if (!home.has_extension) continue;
    shared::Database *const place = shared::find_or_add(oid);
    if (place == nullptr) continue;  // more databases than the server has room for
    bool const looked_in_vain = !home.dispatcher.running() && home.dispatcher.take_ended() &&
                                strcmp(place->dispatcher.state, "absent") == 0;
    // The extension may have come while it looked.
    if (looked_in_vain && home.asked_at == announcements_seen_) {
      home.has_extension = false;
      home.janitor.stop(place->janitor);
      shared::remove(oid);
      continue;
    }
    Oid const database = oid;
    Oid const role = catalog_.worker_role;
    uint32 &asked_at = home.asked_at;
    enough_slots &= home.dispatcher.keep(place->dispatcher, [&] {
      shared::set_state(place->dispatcher, "starting");
      asked_at = announcements_seen_;
      return start_dispatcher(database, role);
    });
    if (strcmp(place->dispatcher.state, "running") != 0) continue;
    at_home_anywhere = true;
    enough_slots &=
        home.janitor.keep(place->janitor, [&] { return start_janitor(database, role); });
  }
  if (at_home_anywhere && settings::runner_enabled)
    enough_slots &=
        supervisor_.keep(shared::state().supervisor, [] { return start_runner_supervisor(); });
  else
    supervisor_.stop(shared::state().supervisor);
  if (!enough_slots) complain_about_slots();
}

void Launcher::complain_about_slots() {
  if (Clock::now() < next_complaint_) return;
  next_complaint_ = Clock::now() + std::chrono::minutes(1);
  pg::call([] {
    ereport(WARNING, (errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
                      errmsg("no free background worker slot for Atelier's workers"),
                      errhint("Raise max_worker_processes: Atelier needs two, and two for each "
                              "database that has the extension.")));
  });
}

bool Launcher::stopping() {
  shared::State &all = shared::state();
  SpinLockAcquire(&all.mutex);
  bool const stop = all.stop_requested;
  SpinLockRelease(&all.mutex);
  return stop;
}

void Launcher::stop_workers() {
  supervisor_.stop(shared::state().supervisor);
  for (auto &[oid, home] : homes_) {
    const shared::Database *const place = shared::find(oid);
    if (place == nullptr) continue;
    home.dispatcher.stop(place->dispatcher);
    home.janitor.stop(place->janitor);
  }
}

std::chrono::milliseconds Launcher::time_to_sleep() const {
  auto wake_at = std::min(next_look_, fence_.next_look());
  auto consider = [&](const Keeper &keeper) {
    if (auto const at = keeper.retry_at()) wake_at = std::min(wake_at, *at);
  };
  consider(supervisor_);
  for (auto const &home : homes_) {
    if (!home.second.has_extension) continue;
    consider(home.second.dispatcher);
    consider(home.second.janitor);
  }
  return until(wake_at);
}

void Launcher::run() {
  shared::Registration const place(shared::state().launcher, "launcher");
  while (!stopping()) {
    reload_configuration_if_asked();
    look_at_databases();
    if (may_dispatch()) keep_workers();
    wait(time_to_sleep());
  }
  stop_workers();
}

}  // namespace
}  // namespace bgworkers

void atelier_launcher_main(Datum) {
  bgworkers::install_signal_handlers();
  pg::entry([] {
    bgworkers::connect_to_shared_catalogs();
    bgworkers::Launcher().run();
  });
}
