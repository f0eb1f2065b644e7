// How far attempts have come, from the shared memory that the dispatcher writes.
#include "src/pg/boundary.hpp"
#include "src/pg/shared_state.hpp"

extern "C" {
#include "fmgr.h"
#include "utils/uuid.h"

PG_FUNCTION_INFO_V1(atelier_attempt_progress);
PGDLLEXPORT Datum atelier_attempt_progress(PG_FUNCTION_ARGS);
}

Datum atelier_attempt_progress(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    if (shared::attach() != nullptr) {
      double const fraction = shared::progress_of(PG_GETARG_UUID_P(0)->data);
      if (fraction >= 0) PG_RETURN_FLOAT8(fraction);
    }
    PG_RETURN_NULL();
  });
}
