// The place of a new job in the queue: what every queue_job() asks, row by row through the indexes
// instead of by queries, whose set-up alone took a quarter of its time. No frame here has anything
// to destroy: PostgreSQL may leave by longjmp.
#include <algorithm>

#include "src/pg/lookup.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_collation.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"
#include "utils/uuid.h"

PG_FUNCTION_INFO_V1(atelier_queue_share);
PG_FUNCTION_INFO_V1(atelier_next_vtime);
PGDLLEXPORT Datum atelier_queue_share(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum atelier_next_vtime(PG_FUNCTION_ARGS);
}

namespace {

constexpr char engine[] = "atelier_engine";

// What a column holds in the row that has `key` in the index; nothing when there is no such row.
struct Found {
  bool row;
  bool null;
  Datum value;

  bool has_value() const { return row && !null; }
};

struct Column {
  const char *name;
  RegProcedure equals;
};

ScanKeyData equal(const pg::Table &table, Column column, Datum value) {
  ScanKeyData key;
  Oid const collation = column.equals == F_TEXTEQ ? DEFAULT_COLLATION_OID : InvalidOid;
  ScanKeyEntryInitialize(&key, 0, table.column(column.name), BTEqualStrategyNumber, InvalidOid,
                         collation, column.equals, value);
  return key;
}

Found attribute(const pg::Table &table, HeapTuple row, const char *name) {
  Found found{HeapTupleIsValid(row), true, Datum{0}};
  if (found.row)
    found.value =
        heap_getattr(row, table.column(name), RelationGetDescr(table.relation), &found.null);
  return found;
}

// Texts of the row live until the scan ends: `use` is called before.
template <typename Use>
void with_row(const char *table_name, const char *index, Column column, Datum value, Use use) {
  pg::Table const table = pg::Table::open(table_name, index);
  ScanKeyData key = equal(table, column, value);
  SysScanDesc const scan = table.scan(&key, 1);
  use(table, systable_getnext(scan));
  systable_endscan(scan);
  table.close();
}

struct Share {
  Found lane{};
  double weight = 1;
  bool capped = false;
};

void add_tier(Share &share, Datum tier) {
  with_row("scheduling_tiers", "scheduling_tiers_pkey", {"tier", F_TEXTEQ}, tier,
           [&](const pg::Table &tiers, HeapTuple row) {
             Found const weight = attribute(tiers, row, "weight");
             if (weight.has_value()) share.weight = DatumGetFloat8(weight.value);
             share.capped |= attribute(tiers, row, "max_running_jobs").has_value();
           });
}

// The highest vtime that a user has in a lane, among his jobs in one state; 0 when there is none.
double last_vtime(const pg::Table &queue, Relation index, Datum user, Datum lane, Datum priority,
                  const char *state) {
  ScanKeyData keys[] = {
      equal(queue, {"user_id", F_UUID_EQ}, user),
      equal(queue, {"state", F_TEXTEQ}, CStringGetTextDatum(state)),
      equal(queue, {"lane_id", F_UUID_EQ}, lane),
      equal(queue, {"priority", F_INT4EQ}, priority),
  };
  SysScanDesc const scan =
      systable_beginscan_ordered(queue.relation, index, GetActiveSnapshot(), lengthof(keys), keys);
  HeapTuple const row = systable_getnext_ordered(scan, BackwardScanDirection);
  double const vtime =
      HeapTupleIsValid(row) ? DatumGetFloat8(queue.value(row, queue.column("vtime"))) : 0;
  systable_endscan_ordered(scan);
  return vtime;
}

double lane_clock(Datum lane, Datum priority) {
  pg::Table const clocks = pg::Table::open("lane_clocks", "lane_clocks_pkey", engine);
  ScanKeyData keys[] = {equal(clocks, {"lane_id", F_UUID_EQ}, lane),
                        equal(clocks, {"priority", F_INT4EQ}, priority)};
  SysScanDesc const scan = clocks.scan(keys, lengthof(keys));
  HeapTuple const row = systable_getnext(scan);
  double const vtime =
      HeapTupleIsValid(row) ? DatumGetFloat8(clocks.value(row, clocks.column("vtime"))) : 0;
  systable_endscan(scan);
  clocks.close();
  return vtime;
}

// Jobs of the same user in transactions that are still open cannot be seen. Each of these holds a
// lock of its own, so that they can be counted without anybody waiting. Whoever takes such locks
// for somebody else can delay him by a few jobs only.
int jobs_under_way(Datum user, Datum lane, Datum priority, Oid clocks) {
  constexpr int most = 15;
  uint32 const chain = DatumGetUInt32(DirectFunctionCall1(uuid_hash, user)) ^
                       DatumGetUInt32(DirectFunctionCall1(uuid_hash, lane)) ^
                       static_cast<uint32>(DatumGetInt32(priority));
  int others = 0;
  while (others < most &&
         !DatumGetBool(DirectFunctionCall2(
             pg_try_advisory_xact_lock_int4, ObjectIdGetDatum(clocks),
             Int32GetDatum(static_cast<int32>(chain ^ static_cast<uint32>(others))))))
    ++others;
  return others;
}

}  // namespace

Datum atelier_queue_share(PG_FUNCTION_ARGS) {
  TupleDesc type;
  if (get_call_result_type(fcinfo, nullptr, &type) != TYPEFUNC_COMPOSITE)
    elog(ERROR, "queue_share() returns a row");
  Share share;
  Datum const user = PG_GETARG_DATUM(0);
  with_row("profiles", "profiles_pkey", {"id", F_UUID_EQ}, user,
           [&](const pg::Table &profiles, HeapTuple row) {
             Found const tier = attribute(profiles, row, "subscription_status");
             if (tier.has_value()) add_tier(share, tier.value);
           });
  pg_uuid_t lane;
  with_row("api_models", "api_models_pkey", {"id", F_UUID_EQ}, PG_GETARG_DATUM(1),
           [&](const pg::Table &models, HeapTuple row) {
             share.lane = attribute(models, row, "provider_id");
             if (share.lane.has_value()) lane = *DatumGetUUIDP(share.lane.value);
           });
  if (!PG_ARGISNULL(2))
    with_row("workspaces", "workspaces_pkey", {"id", F_UUID_EQ}, PG_GETARG_DATUM(2),
             [&](const pg::Table &workspaces, HeapTuple row) {
               share.capped |= attribute(workspaces, row, "max_running_jobs").has_value();
             });
  with_row("pauses", "pauses_user_key", {"user_id", F_UUID_EQ}, user,
           [&](const pg::Table &pauses, HeapTuple row) {
             Found const mode = attribute(pauses, row, "mode");
             share.capped |= mode.has_value() && DatumGetBool(DirectFunctionCall2Coll(
                                                     texteq, DEFAULT_COLLATION_OID, mode.value,
                                                     CStringGetTextDatum("pause")));
           });
  Datum values[] = {UUIDPGetDatum(&lane), Float8GetDatum(share.weight), BoolGetDatum(share.capped)};
  bool nulls[] = {!share.lane.has_value(), false, false};
  PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(type), values, nulls)));
}

Datum atelier_next_vtime(PG_FUNCTION_ARGS) {
  Datum const user = PG_GETARG_DATUM(0);
  Datum const lane = PG_GETARG_DATUM(1);
  Datum const priority = PG_GETARG_DATUM(2);
  double const cost = PG_GETARG_FLOAT8(3);
  // What this transaction has queued so far counts, in this very statement, too.
  CommandCounterIncrement();
  PushActiveSnapshot(GetTransactionSnapshot());
  pg::Table const queue = pg::Table::open("queue", "queue_user_idx", engine);
  int const others = jobs_under_way(
      user, lane, priority, get_relname_relid("lane_clocks", RelationGetNamespace(queue.relation)));
  Relation const index = index_open(queue.index, AccessShareLock);
  double const begins =
      std::max({lane_clock(lane, priority), last_vtime(queue, index, user, lane, priority, "ready"),
                last_vtime(queue, index, user, lane, priority, "parked")});
  index_close(index, AccessShareLock);
  queue.close();
  PopActiveSnapshot();
  PG_RETURN_FLOAT8((1 + others) * cost + begins);
}
