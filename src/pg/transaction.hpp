// One short transaction of a background worker, with a snapshot and SPI.
#pragma once

#include "src/pg/boundary.hpp"

namespace pg {

// Aborts unless commit() ran.
class Transaction {
 public:
  // activity: what pg_stat_activity shows while it runs; a string literal.
  explicit Transaction(const char *activity);
  void commit();

 private:
  // A member, so that it also runs when the constructor throws half-way.
  struct AbortUnlessCommitted {
    AbortUnlessCommitted() = default;
    AbortUnlessCommitted(const AbortUnlessCommitted &) = delete;
    AbortUnlessCommitted &operator=(const AbortUnlessCommitted &) = delete;
    MemoryContext outer = CurrentMemoryContext;
    bool armed = true;
    ~AbortUnlessCommitted();
  } abort_;
};

}  // namespace pg
