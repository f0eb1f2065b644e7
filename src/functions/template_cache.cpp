// Which template fits, remembered by the session.
//
// An answer must never be older than what is committed. Whoever changes templates holds a lock that
// nobody waits for (the triggers take it) until his transaction has ended, and with its commit
// PostgreSQL tells the sessions that the table has changed: after the change can be seen, and
// before the lock is released. So who finds the lock free, and then takes up what he was told,
// knows of every change that he could see. Who does not find it free reads the table. That holds
// for prepared transactions, too, and needs no memory of ours; a rollback changes nothing.
//
// Who may have a template is not decided here: the content mode is a part of what is asked for, and
// the caller has checked it.
#include <string>
#include <string_view>
#include <unordered_map>

#include "src/pg/boundary.hpp"
#include "src/pg/shared_state.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type_d.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(atelier_match_template);
PG_FUNCTION_INFO_V1(atelier_note_template_change);
PG_FUNCTION_INFO_V1(atelier_forget_templates);
PG_FUNCTION_INFO_V1(atelier_template_cache_counts);
PGDLLEXPORT Datum atelier_match_template(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum atelier_note_template_change(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum atelier_forget_templates(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum atelier_template_cache_counts(PG_FUNCTION_ARGS);
}

namespace {

constexpr int argument_count = 5;
constexpr int content_mode_argument = 2;
constexpr size_t most_remembered = 512;

// The rows as PostgreSQL holds composite values, by what was asked for; empty: no template fits.
std::unordered_map<std::string, std::string> remembered;
Oid templates = InvalidOid;
uint64 changes = 0;

struct Counts {
  uint64 hits = 0;      // answered from memory
  uint64 misses = 0;    // read from the table, and remembered
  uint64 bypasses = 0;  // read from the table, because somebody was changing it
} counts;

// PostgreSQL calls this when a table has changed; InvalidOid stands for all of them. While it is
// not known which table it is about, every one counts.
void note_change(Datum, Oid relation) {
  if (OidIsValid(relation) && OidIsValid(templates) && relation != templates) return;
  ++changes;
  remembered.clear();
  templates = InvalidOid;
}

Oid find_templates() {
  static bool listens = false;
  if (!listens) {
    pg::call([] { CacheRegisterRelcacheCallback(note_change, Datum{0}); });
    listens = true;
  }
  if (!OidIsValid(templates))
    templates = pg::call(
        [] { return get_relname_relid("prompt_templates", get_namespace_oid("atelier", false)); });
  return templates;
}

LOCKTAG lock_of(Oid table) {
  LOCKTAG tag;
  SET_LOCKTAG_OBJECT(tag, MyDatabaseId, RelationRelationId, table, 0);
  return tag;
}

// The arguments as bytes: those of each that is not null behind its length.
std::string bytes_of(FunctionCallInfo fcinfo) {
  std::string out;
  for (int i = 0; i < argument_count; ++i) {
    if (PG_ARGISNULL(i)) {
      out += '-';
    } else if (i == content_mode_argument) {
      out.append(std::to_string(PG_GETARG_OID(i))).append(":");
    } else {
      const struct varlena *const value =
          pg::call([&] { return PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(i)); });
      std::string_view const bytes(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
      out.append(std::to_string(bytes.size())).append(":").append(bytes);
    }
  }
  return out;
}

struct Row {
  Datum value;
  bool is_null;
};

Row read_table(FunctionCallInfo fcinfo, bool latest) {
  static SPIPlanPtr plan = nullptr;
  static Oid plan_mode_type = InvalidOid;  // another one once the extension was made anew
  return pg::call([&] {
    Oid const mode_type = get_fn_expr_argtype(fcinfo->flinfo, content_mode_argument);
    SPI_connect();
    if (plan == nullptr || plan_mode_type != mode_type) {
      Oid types[argument_count] = {TEXTOID, TEXTOID, mode_type, TEXTOID, TEXTOID};
      SPIPlanPtr const fresh = SPI_prepare(
          "select atelier_engine.match_template_anew($1, $2, $3, $4, $5)", argument_count, types);
      if (fresh == nullptr)
        elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
      SPI_keepplan(fresh);
      if (plan != nullptr) SPI_freeplan(plan);
      plan = fresh;
      plan_mode_type = mode_type;
    }
    Datum values[argument_count];
    char nulls[argument_count];
    for (int i = 0; i < argument_count; ++i) {
      values[i] = PG_GETARG_DATUM(i);
      nulls[i] = PG_ARGISNULL(i) ? 'n' : ' ';
    }
    if (latest) PushActiveSnapshot(GetLatestSnapshot());
    int const code = SPI_execute_plan(plan, values, nulls, true, 1);
    if (code != SPI_OK_SELECT || SPI_processed != 1)
      elog(ERROR, "match_template_anew() gave no row: %s", SPI_result_code_string(code));
    Row row{};
    row.value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &row.is_null);
    if (!row.is_null) row.value = SPI_datumTransfer(row.value, false, -1);
    if (latest) PopActiveSnapshot();
    SPI_finish();
    return row;
  });
}

std::string bytes_of(const Row &row) {
  if (row.is_null) return {};
  const HeapTupleHeader header = DatumGetHeapTupleHeader(row.value);
  return {reinterpret_cast<const char *>(header), HeapTupleHeaderGetDatumLength(header)};
}

Row row_of(const std::string &bytes) {
  if (bytes.empty()) return {Datum{0}, true};
  void *const copy = pg::call([&] { return palloc(bytes.size()); });
  memcpy(copy, bytes.data(), bytes.size());
  return {PointerGetDatum(copy), false};
}

void count(uint64 Counts::*mine, pg_atomic_uint64 shared::Database::*everybodys) {
  ++(counts.*mine);
  if (shared::Database *const home = shared::find(MyDatabaseId))
    pg_atomic_fetch_add_u64(&(home->*everybodys), 1);
}

Row read_past(FunctionCallInfo fcinfo) {
  count(&Counts::bypasses, &shared::Database::template_bypasses);
  return read_table(fcinfo, false);
}

// The caller holds the lock: what he reads is what everybody would read.
Row remembered_or_read(FunctionCallInfo fcinfo) {
  std::string const asked = bytes_of(fcinfo);
  if (auto const known = remembered.find(asked); known != remembered.end()) {
    count(&Counts::hits, &shared::Database::template_hits);
    return row_of(known->second);
  }
  count(&Counts::misses, &shared::Database::template_misses);
  uint64 const changes_before = changes;
  Row const row = read_table(fcinfo, true);
  if (changes != changes_before) return row;  // the table itself may have another shape now
  if (remembered.size() >= most_remembered) remembered.clear();
  remembered.emplace(asked, bytes_of(row));
  return row;
}

Row match(FunctionCallInfo fcinfo) {
  // A transaction with a snapshot of its own may look at templates of the past. A standby cannot
  // take the lock.
  if (IsolationUsesXactSnapshot() || RecoveryInProgress()) return read_past(fcinfo);
  Oid const table = find_templates();
  LOCKTAG const tag = lock_of(table);
  bool const is_free = pg::call([&] {
    // What this transaction has changed itself, it alone can see.
    return !LockHeldByMe(&tag, RowExclusiveLock) &&
           LockAcquire(&tag, ShareLock, false, true) != LOCKACQUIRE_NOT_AVAIL;
  });
  if (!is_free) return read_past(fcinfo);
  pg::call([] { AcceptInvalidationMessages(); });
  // The extension may have been made anew.
  Row const row = find_templates() == table ? remembered_or_read(fcinfo) : read_past(fcinfo);
  pg::call([&] { LockRelease(&tag, ShareLock, false); });
  return row;
}

// For this transaction: the others are told when it commits.
void announce_change(Oid table) {
  LOCKTAG const tag = lock_of(table);
  pg::call([&] {
    (void)LockAcquire(&tag, RowExclusiveLock, false, false);
    CacheInvalidateRelcacheByRelid(table);
  });
}

}  // namespace

Datum atelier_match_template(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    Row const row = match(fcinfo);
    fcinfo->isnull = row.is_null;
    return row.value;
  });
}

Datum atelier_note_template_change(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    auto const *const trigger = reinterpret_cast<TriggerData *>(fcinfo->context);
    if (!CALLED_AS_TRIGGER(fcinfo))
      throw pg::Failure(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED, "not called by a trigger");
    announce_change(RelationGetRelid(trigger->tg_relation));
    return PointerGetDatum(nullptr);
  });
}

Datum atelier_forget_templates(PG_FUNCTION_ARGS) {
  (void)fcinfo;
  return pg::entry([]() -> Datum {
    announce_change(find_templates());
    return Datum{0};
  });
}

Datum atelier_template_cache_counts(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    TupleDesc shape = nullptr;
    pg::call([&] {
      if (get_call_result_type(fcinfo, nullptr, &shape) != TYPEFUNC_COMPOSITE)
        elog(ERROR, "template_cache_counts() returns a row");
    });
    shared::Database *const home = shared::find(MyDatabaseId);
    Datum values[] = {Int64GetDatum(static_cast<int64>(remembered.size())),
                      Int64GetDatum(static_cast<int64>(counts.hits)),
                      Int64GetDatum(static_cast<int64>(counts.misses)),
                      Int64GetDatum(static_cast<int64>(counts.bypasses)),
                      Datum{0},
                      Datum{0},
                      Datum{0}};
    bool nulls[] = {false, false, false, false, home == nullptr, home == nullptr, home == nullptr};
    if (home != nullptr) {
      values[4] = Int64GetDatum(static_cast<int64>(pg_atomic_read_u64(&home->template_hits)));
      values[5] = Int64GetDatum(static_cast<int64>(pg_atomic_read_u64(&home->template_misses)));
      values[6] = Int64GetDatum(static_cast<int64>(pg_atomic_read_u64(&home->template_bypasses)));
    }
    return pg::call(
        [&] { return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(shape), values, nulls)); });
  });
}
