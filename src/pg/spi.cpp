#include "src/pg/spi.hpp"

#include <array>

extern "C" {
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"
}

namespace pg {
namespace {

constexpr int64_t epoch_shift_us =
    static_cast<int64_t>(POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY;
constexpr size_t max_arguments = 16;

Datum uuid_datum(const wire::Uuid &value) {
  auto *copy = static_cast<pg_uuid_t *>(palloc(sizeof(pg_uuid_t)));
  static_assert(sizeof(copy->data) == sizeof(value.bytes));
  memcpy(copy->data, value.bytes.data(), sizeof copy->data);
  return UUIDPGetDatum(copy);
}

// What an array is made of, in the memory of the server.
struct ArrayItems {
  explicit ArrayItems(int size)
      : count(size),
        datums(static_cast<Datum *>(palloc0(sizeof(Datum) * static_cast<size_t>(size + 1)))),
        nulls(static_cast<bool *>(palloc0(sizeof(bool) * static_cast<size_t>(size + 1)))) {}

  Datum build(Oid type, int length, bool by_value, char alignment) const {
    int lengths[] = {count};
    int lower_bounds[] = {1};
    if (count == 0) return PointerGetDatum(construct_empty_array(type));
    return PointerGetDatum(construct_md_array(datums, nulls, 1, lengths, lower_bounds, type, length,
                                              by_value, alignment));
  }

  int count;
  Datum *datums;
  bool *nulls;
};

}  // namespace

Argument null(Oid type) { return {type, 0, true}; }
Argument boolean(bool value) { return {BOOLOID, BoolGetDatum(value), false}; }
Argument int4(int32_t value) { return {INT4OID, Int32GetDatum(value), false}; }
Argument int8(int64_t value) { return {INT8OID, Int64GetDatum(value), false}; }

Argument text(std::string_view value) {
  Datum const datum = call([&] {
    return PointerGetDatum(cstring_to_text_with_len(value.data(), static_cast<int>(value.size())));
  });
  return {TEXTOID, datum, false};
}

Argument text_array(const std::vector<std::string> &values) {
  const std::string *const items = values.data();
  int const count = static_cast<int>(values.size());
  Datum const datum = call([&] {
    ArrayItems array(count);
    for (int i = 0; i < count; ++i) {
      array.nulls[i] = false;
      array.datums[i] = PointerGetDatum(
          cstring_to_text_with_len(items[i].data(), static_cast<int>(items[i].size())));
    }
    return array.build(TEXTOID, -1, false, TYPALIGN_INT);
  });
  return {TEXTARRAYOID, datum, false};
}

Argument int4_array(const std::vector<int32_t> &values) {
  const int32_t *const items = values.data();
  int const count = static_cast<int>(values.size());
  Datum const datum = call([&] {
    ArrayItems array(count);
    for (int i = 0; i < count; ++i) {
      array.nulls[i] = false;
      array.datums[i] = Int32GetDatum(items[i]);
    }
    return array.build(INT4OID, sizeof(int32_t), true, TYPALIGN_INT);
  });
  return {INT4ARRAYOID, datum, false};
}

Argument jsonb(std::string_view value) {
  std::string const terminated(value);
  const char *const input = terminated.c_str();
  Datum const datum = call([&] { return DirectFunctionCall1(jsonb_in, CStringGetDatum(input)); });
  return {JSONBOID, datum, false};
}

Argument jsonb_array(const std::vector<std::string> &values) {
  const std::string *const items = values.data();
  int const count = static_cast<int>(values.size());
  Datum const datum = call([&] {
    ArrayItems array(count);
    for (int i = 0; i < count; ++i) {
      array.nulls[i] = items[i].empty();
      if (!array.nulls[i])
        array.datums[i] = DirectFunctionCall1(jsonb_in, CStringGetDatum(items[i].c_str()));
    }
    return array.build(JSONBOID, -1, false, TYPALIGN_INT);
  });
  return {JSONBARRAYOID, datum, false};
}

Argument bytes(const void *data, size_t size) {
  Datum const datum = call([&] {
    auto *copy = static_cast<bytea *>(palloc(VARHDRSZ + size));
    SET_VARSIZE(copy, VARHDRSZ + size);
    memcpy(VARDATA(copy), data, size);
    return PointerGetDatum(copy);
  });
  return {BYTEAOID, datum, false};
}

Argument uuid(const wire::Uuid &value) {
  return {UUIDOID, call([&] { return uuid_datum(value); }), false};
}

Argument uuid_array(const std::vector<wire::Uuid> &values) {
  const wire::Uuid *const items = values.data();
  int const count = static_cast<int>(values.size());
  Datum const datum = call([&] {
    auto *datums = static_cast<Datum *>(palloc(sizeof(Datum) * static_cast<size_t>(count + 1)));
    for (int i = 0; i < count; ++i)
      datums[i] = uuid_datum(items[i]);
    return PointerGetDatum(construct_array(datums, count, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR));
  });
  return {UUIDARRAYOID, datum, false};
}

Argument timestamp(int64_t unix_us) {
  if (unix_us == 0) return null(TIMESTAMPTZOID);
  return {TIMESTAMPTZOID, TimestampTzGetDatum(unix_us - epoch_shift_us), false};
}

Argument timestamp_array(const std::vector<int64_t> &unix_us) {
  const int64_t *const items = unix_us.data();
  int const count = static_cast<int>(unix_us.size());
  Datum const datum = call([&] {
    ArrayItems array(count);
    for (int i = 0; i < count; ++i) {
      array.nulls[i] = items[i] == 0;
      array.datums[i] = TimestampTzGetDatum(items[i] - epoch_shift_us);
    }
    return array.build(TIMESTAMPTZOID, sizeof(int64_t), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE);
  });
  return {TIMESTAMPTZARRAYOID, datum, false};
}

int64_t now_us() { return GetCurrentTimestamp() + epoch_shift_us; }

Statement::Rows Statement::run(std::initializer_list<Argument> arguments) {
  std::array<Oid, max_arguments> types{};
  std::array<Datum, max_arguments> values{};
  std::array<char, max_arguments> nulls{};
  Assert(arguments.size() <= max_arguments);
  int count = 0;
  for (const Argument &argument : arguments) {
    types.at(count) = argument.type;
    values.at(count) = argument.value;
    nulls.at(count) = argument.null ? 'n' : ' ';
    ++count;
  }
  Rows rows;
  call([&] {
    if (plan_ == nullptr) {
      SPIPlanPtr const fresh = SPI_prepare(sql_, count, types.data());
      if (fresh == nullptr)
        elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
      SPI_keepplan(fresh);
      plan_ = fresh;
    }
    int const code = SPI_execute_plan(plan_, values.data(), nulls.data(), false, 0);
    if (code < 0) elog(ERROR, "SPI_execute_plan failed: %s", SPI_result_code_string(code));
    rows.table_ = SPI_tuptable;
    rows.size_ = SPI_tuptable == nullptr ? 0 : SPI_processed;
  });
  return rows;
}

Datum Statement::Rows::datum(uint64_t row, int column, bool &null) const {
  return call([&] { return SPI_getbinval(table_->vals[row], table_->tupdesc, column, &null); });
}

bool Statement::Rows::is_null(uint64_t row, int column) const {
  bool null = true;
  datum(row, column, null);
  return null;
}

std::string Statement::Rows::text(uint64_t row, int column) const {
  const char *const value =
      call([&] { return SPI_getvalue(table_->vals[row], table_->tupdesc, column); });
  return value == nullptr ? std::string() : std::string(value);
}

int64_t Statement::Rows::integer(uint64_t row, int column) const {
  bool null = true;
  Datum const value = datum(row, column, null);
  if (null) return 0;
  return SPI_gettypeid(table_->tupdesc, column) == INT4OID ? DatumGetInt32(value)
                                                           : DatumGetInt64(value);
}

bool Statement::Rows::boolean(uint64_t row, int column) const {
  bool null = true;
  Datum const value = datum(row, column, null);
  return !null && DatumGetBool(value);
}

wire::Uuid Statement::Rows::uuid(uint64_t row, int column) const {
  wire::Uuid out{};
  bool null = true;
  Datum const value = datum(row, column, null);
  if (!null) memcpy(out.bytes.data(), DatumGetUUIDP(value)->data, out.bytes.size());
  return out;
}

std::vector<uint8_t> Statement::Rows::bytes(uint64_t row, int column) const {
  bool null = true;
  Datum const value = datum(row, column, null);
  if (null) return {};
  const bytea *const packed = call([&] { return DatumGetByteaPP(value); });
  auto const *const begin = reinterpret_cast<const uint8_t *>(VARDATA_ANY(packed));
  return {begin, begin + VARSIZE_ANY_EXHDR(packed)};
}

std::optional<int64_t> Statement::Rows::timestamp(uint64_t row, int column) const {
  bool null = true;
  Datum const value = datum(row, column, null);
  if (null) return std::nullopt;
  return DatumGetTimestampTz(value) + epoch_shift_us;
}

}  // namespace pg
