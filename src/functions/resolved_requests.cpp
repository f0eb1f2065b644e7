// What follows from the model, job type and parameters of a request, remembered by the session:
// apps ask for the same again and again, and to find it out takes a dozen steps in PL/pgSQL.
//
// The rules are in atelier_engine.resolve_request_anew(). What it said holds until a row of
// api_models or api_providers changes; their triggers send the message with which PostgreSQL itself
// tells sessions that a table has changed, when the change is committed.
#include <string>
#include <unordered_map>

#include "src/pg/boundary.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type_d.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/jsonb.h"
#include "utils/rel.h"

PG_FUNCTION_INFO_V1(atelier_resolve_request);
PG_FUNCTION_INFO_V1(atelier_forget_requests);
PGDLLEXPORT Datum atelier_resolve_request(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum atelier_forget_requests(PG_FUNCTION_ARGS);
}

namespace {

constexpr size_t most_remembered = 256;
constexpr size_t longest_remembered = 2000;  // bytes of a request

// The rows as PostgreSQL holds composite values, by what was asked for.
std::unordered_map<std::string, std::string> remembered;
uint64 changes = 0;

// PostgreSQL calls this for every table that changes in a way that plans depend on; few do.
void note_change(Datum, Oid) {
  ++changes;
  remembered.clear();
}

void listen() {
  static bool listens = false;
  if (listens) return;
  pg::call([] { CacheRegisterRelcacheCallback(note_change, Datum{0}); });
  listens = true;
}

// The arguments as bytes: those of each that is not null behind its length.
std::string bytes_of(FunctionCallInfo fcinfo) {
  std::string out;
  for (int i = 0; i < 3; ++i) {
    if (PG_ARGISNULL(i)) {
      out += '-';
      continue;
    }
    const struct varlena *const value =
        pg::call([&] { return PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(i)); });
    std::string_view const bytes(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
    out.append(std::to_string(bytes.size())).append(":").append(bytes);
  }
  return out;
}

Datum copy_of(const std::string &row) {
  void *const copy = pg::call([&] { return palloc(row.size()); });
  memcpy(copy, row.data(), row.size());
  return PointerGetDatum(copy);
}

Datum resolve_anew(FunctionCallInfo fcinfo) {
  static SPIPlanPtr plan = nullptr;
  return pg::call([&] {
    SPI_connect();
    if (plan == nullptr) {
      Oid types[] = {TEXTOID, TEXTOID, JSONBOID};
      SPIPlanPtr const fresh =
          SPI_prepare("select atelier_engine.resolve_request_anew($1, $2, $3)", 3, types);
      if (fresh == nullptr)
        elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
      SPI_keepplan(fresh);
      plan = fresh;
    }
    Datum values[3];
    char nulls[3];
    for (int i = 0; i < 3; ++i) {
      values[i] = PG_GETARG_DATUM(i);
      nulls[i] = PG_ARGISNULL(i) ? 'n' : ' ';
    }
    int const code = SPI_execute_plan(plan, values, nulls, false, 1);
    if (code != SPI_OK_SELECT || SPI_processed != 1)
      elog(ERROR, "resolve_request_anew() gave no row: %s", SPI_result_code_string(code));
    bool is_null = false;
    Datum const row = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &is_null);
    Datum const kept = SPI_datumTransfer(row, false, -1);
    SPI_finish();
    return kept;
  });
}

}  // namespace

Datum atelier_resolve_request(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    listen();
    std::string const request = bytes_of(fcinfo);
    if (auto const known = remembered.find(request); known != remembered.end())
      return copy_of(known->second);
    uint64 const changes_before = changes;
    Datum const row = resolve_anew(fcinfo);
    // A transaction with a snapshot of its own may look at a catalogue of the past.
    if (request.size() <= longest_remembered && changes == changes_before &&
        !IsolationUsesXactSnapshot()) {
      if (remembered.size() >= most_remembered) remembered.clear();
      const HeapTupleHeader header = DatumGetHeapTupleHeader(row);
      remembered.emplace(request, std::string(reinterpret_cast<const char *>(header),
                                              HeapTupleHeaderGetDatumLength(header)));
    }
    return row;
  });
}

Datum atelier_forget_requests(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    auto const *const trigger = reinterpret_cast<TriggerData *>(fcinfo->context);
    if (!CALLED_AS_TRIGGER(fcinfo))
      throw pg::Failure(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED, "not called by a trigger");
    pg::call([&] { CacheInvalidateRelcache(trigger->tg_relation); });
    return PointerGetDatum(nullptr);
  });
}
