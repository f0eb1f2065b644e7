// What the rows of the tables that every job writes may hold, as one check constraint each.
//
// PostgreSQL reads the text of every check constraint of a table anew for each statement that
// writes to it: the fourteen of atelier.jobs took half the time of queueing a job. No frame here
// has anything to destroy: PostgreSQL may leave by longjmp.
#include <algorithm>
#include <string_view>

extern "C" {
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(atelier_assert_valid_job);
PG_FUNCTION_INFO_V1(atelier_assert_valid_generation);
PG_FUNCTION_INFO_V1(atelier_assert_valid_attempt);
PG_FUNCTION_INFO_V1(atelier_assert_valid_queue_entry);
PGDLLEXPORT Datum atelier_assert_valid_job(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum atelier_assert_valid_generation(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum atelier_assert_valid_attempt(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum atelier_assert_valid_queue_entry(PG_FUNCTION_ARGS);
}

namespace {

constexpr int most_columns = 16;
constexpr int most_attributes = 128;

// Where the columns are that a rule asks for; looked up again when the table has changed.
struct Shape {
  const char *table;
  const char *columns[most_columns];  // ends with a nullptr
  uint64 known;                       // identifies the type of the row
  int places[most_columns];
};

void look_up(Shape &shape, TupleDesc type, uint64 identifier) {
  for (int i = 0; i < most_columns && shape.columns[i] != nullptr; ++i) {
    shape.places[i] = -1;
    for (int at = 0; at < type->natts; ++at)
      if (!TupleDescAttr(type, at)->attisdropped &&
          namestrcmp(&TupleDescAttr(type, at)->attname, shape.columns[i]) == 0)
        shape.places[i] = at;
    if (shape.places[i] < 0) elog(ERROR, "%s has no column %s", shape.table, shape.columns[i]);
  }
  shape.known = identifier;
}

[[noreturn]] void refuse(const char *table, const char *column, const char *rule) {
  ereport(ERROR, (errcode(ERRCODE_CHECK_VIOLATION), errmsg("%s.%s is not valid", table, column),
                  errdetail("It must be %s.", rule)));
  pg_unreachable();
}

// The row that is about to be written. A rule that meets a null holds, as in SQL.
class Row {
 public:
  Row(Shape &shape, HeapTupleHeader header) : shape_(shape) {
    Oid const type = HeapTupleHeaderGetTypeId(header);
    int32 const modifier = HeapTupleHeaderGetTypMod(header);
    TupleDesc const description = lookup_rowtype_tupdesc(type, modifier);
    if (description->natts > most_attributes) elog(ERROR, "%s has too many columns", shape.table);
    uint64 const identifier = assign_record_type_identifier(type, modifier);
    if (shape.known != identifier) look_up(shape, description, identifier);
    HeapTupleData tuple{};
    tuple.t_len = HeapTupleHeaderGetDatumLength(header);
    tuple.t_data = header;
    heap_deform_tuple(&tuple, description, values_, nulls_);
    ReleaseTupleDesc(description);
  }

  bool has(int column) const { return !nulls_[shape_.places[column]]; }
  Datum value(int column) const { return values_[shape_.places[column]]; }

  std::string_view text(int column) const {
    const struct varlena *const packed = PG_DETOAST_DATUM_PACKED(value(column));
    return {VARDATA_ANY(packed), VARSIZE_ANY_EXHDR(packed)};
  }

  // words are separated by single blanks.
  bool is(int column, std::string_view words) const {
    std::string_view const wanted = text(column);
    for (size_t start = 0; start <= words.size();) {
      size_t const end = std::min(words.find(' ', start), words.size());
      if (words.substr(start, end - start) == wanted) return true;
      start = end + 1;
    }
    return false;
  }
  void one_of(int column, const char *words) const {
    if (has(column) && !is(column, words)) refuse(column, words);
  }
  void between(int column, int32 least, int32 most, const char *rule) const {
    if (has(column) &&
        (DatumGetInt32(value(column)) < least || DatumGetInt32(value(column)) > most))
      refuse(column, rule);
  }
  void require(bool holds, int column, const char *rule) const {
    if (!holds) refuse(column, rule);
  }

 private:
  [[noreturn]] void refuse(int column, const char *rule) const {
    ::refuse(shape_.table, shape_.columns[column], rule);
  }

  Shape &shape_;
  Datum values_[most_attributes];
  bool nulls_[most_attributes];
};

// As ^[a-z0-9][a-z0-9._-]{0,62}$
bool is_slug(std::string_view text) {
  auto const is_plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (text.empty() || text.size() > 63 || !is_plain(text.front())) return false;
  for (char const c : text)
    if (!is_plain(c) && c != '.' && c != '_' && c != '-') return false;
  return true;
}

}  // namespace

Datum atelier_assert_valid_job(PG_FUNCTION_ARGS) {
  enum {
    status,
    job_type,
    format,
    quality,
    model_type,
    parameters,
    destination,
    priority,
    attempts,
    max_attempts,
    moderation_status,
    idempotency_key,
    request_hash,
    completed_at
  };
  static Shape shape = {"jobs",
                        {"status", "job_type", "format", "quality", "model_type", "parameters",
                         "destination", "priority", "attempts", "max_attempts", "moderation_status",
                         "idempotency_key", "request_hash", "completed_at"},
                        0,
                        {}};
  Row const row(shape, PG_GETARG_HEAPTUPLEHEADER(0));
  row.one_of(status, "queued processing completed failed cancelled");
  row.one_of(job_type,
             "image_fast image_high video_fast video_high sdxl_image_fast sdxl_image_high "
             "image7b_fast_enhanced image7b_high_enhanced video7b_fast_enhanced "
             "video7b_high_enhanced wan_video_fast wan_video_high rv51_fast rv51_high chat");
  row.one_of(format, "image video chat");
  row.one_of(quality, "fast high");
  row.one_of(destination, "library workspace");
  row.one_of(moderation_status, "unchecked pending approved flagged quarantined rejected");
  row.between(priority, -1000, 1000, "from -1000 to 1000");
  row.between(attempts, 0, PG_INT32_MAX, "0 or more");
  row.between(max_attempts, 1, 100, "from 1 to 100");
  row.require(!row.has(model_type) || is_slug(row.text(model_type)), model_type,
              "1 to 63 small letters, digits and ._-, and begin with a letter or a digit");
  row.require(!row.has(parameters) || JB_ROOT_IS_OBJECT(DatumGetJsonbP(row.value(parameters))),
              parameters, "a JSON object");
  if (row.has(idempotency_key)) {
    std::string_view const key = row.text(idempotency_key);
    int const characters = pg_mbstrlen_with_len(key.data(), static_cast<int>(key.size()));
    row.require(characters >= 1 && characters <= 255, idempotency_key, "of 1 to 255 characters");
  }
  row.require(row.has(idempotency_key) == row.has(request_hash), request_hash,
              "there when there is an idempotency key, and only then");
  row.require(
      !row.has(status) || row.is(status, "completed failed cancelled") == row.has(completed_at),
      completed_at, "there when the job has ended, and only then");
  PG_RETURN_BOOL(true);
}

Datum atelier_assert_valid_generation(PG_FUNCTION_ARGS) {
  enum { action, status };
  static Shape shape = {"generations", {"action", "status"}, 0, {}};
  Row const row(shape, PG_GETARG_HEAPTUPLEHEADER(0));
  row.one_of(action,
             "create edit upscale remove_bg inpaint expand video_create video_i2v video_edit "
             "video_upscale video_keyframes analyze_describe analyze_ocr analyze_prompt chat");
  row.one_of(status, "pending processing completed failed cancelled");
  PG_RETURN_BOOL(true);
}

Datum atelier_assert_valid_attempt(PG_FUNCTION_ARGS) {
  enum { state };
  static Shape shape = {"attempts", {"state"}, 0, {}};
  Row const row(shape, PG_GETARG_HEAPTUPLEHEADER(0));
  row.one_of(state, "submitting submitted ingesting succeeded failed cancelled ambiguous");
  PG_RETURN_BOOL(true);
}

Datum atelier_assert_valid_queue_entry(PG_FUNCTION_ARGS) {
  enum { state, attempt_id, endpoint_id, lease_expires_at, next_check_at, cost, progress };
  static Shape shape = {"queue",
                        {"state", "attempt_id", "endpoint_id", "lease_expires_at", "next_check_at",
                         "cost", "progress"},
                        0,
                        {}};
  Row const row(shape, PG_GETARG_HEAPTUPLEHEADER(0));
  row.one_of(state, "blocked waiting parked ready leased held");
  row.require(!row.has(cost) || DatumGetFloat8(row.value(cost)) > 0, cost, "above 0");
  if (row.has(progress)) {
    float4 const done = DatumGetFloat4(row.value(progress));
    row.require(done >= 0 && done <= 1, progress, "from 0 to 1");
  }
  if (row.has(state)) {
    bool const is_owned = row.is(state, "leased held");
    row.require(row.has(attempt_id) == is_owned, attempt_id,
                "there when the job is leased or held, and only then");
    row.require(row.has(endpoint_id) == is_owned, endpoint_id,
                "there when the job is leased or held, and only then");
    row.require(row.has(lease_expires_at) == row.is(state, "leased"), lease_expires_at,
                "there when the job is leased, and only then");
    row.require(row.has(next_check_at) == row.is(state, "held"), next_check_at,
                "there when the job is held, and only then");
  }
  PG_RETURN_BOOL(true);
}
