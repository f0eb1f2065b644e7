// Prepared statements of a background worker: typed arguments in, C++ values out.
//
// All of it needs an open pg::Transaction. Values read from a result are copies, so they may be
// used after the commit.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/pg/boundary.hpp"
#include "wire/uuid.hpp"

extern "C" {
#include "catalog/pg_type_d.h"
#include "executor/spi.h"
}

namespace pg {

struct Argument {
  Oid type = InvalidOid;
  Datum value = 0;
  bool null = true;
};

Argument null(Oid type);
Argument boolean(bool value);
Argument int4(int32_t value);
Argument int8(int64_t value);
Argument int4_array(const std::vector<int32_t> &values);
Argument text(std::string_view value);
Argument text_array(const std::vector<std::string> &values);
Argument jsonb(std::string_view value);
// An empty text is null.
Argument jsonb_array(const std::vector<std::string> &values);
Argument bytes(const void *data, size_t size);
Argument uuid(const wire::Uuid &value);
Argument uuid_array(const std::vector<wire::Uuid> &values);
// Microseconds since the Unix epoch; 0 is null.
Argument timestamp(int64_t unix_us);
// A time of 0 is null here, too.
Argument timestamp_array(const std::vector<int64_t> &unix_us);

// Microseconds since the Unix epoch, now.
int64_t now_us();

// A statement text that is prepared at its first use and kept. The text must outlive it.
class Statement {
 public:
  constexpr explicit Statement(const char *sql) noexcept : sql_(sql) {}

  class Rows {
   public:
    uint64_t size() const noexcept { return size_; }
    bool is_null(uint64_t row, int column) const;
    std::string text(uint64_t row, int column) const;  // "" for null
    int64_t integer(uint64_t row, int column) const;   // int4, int8; 0 for null
    bool boolean(uint64_t row, int column) const;
    wire::Uuid uuid(uint64_t row, int column) const;
    std::vector<uint8_t> bytes(uint64_t row, int column) const;  // empty for null
    // Microseconds since the Unix epoch.
    std::optional<int64_t> timestamp(uint64_t row, int column) const;

   private:
    friend class Statement;
    Datum datum(uint64_t row, int column, bool &null) const;
    SPITupleTable *table_ = nullptr;
    uint64_t size_ = 0;
  };

  // The rows live until the transaction ends.
  Rows run(std::initializer_list<Argument> arguments);

 private:
  const char *sql_;
  SPIPlanPtr plan_ = nullptr;
};

}  // namespace pg
