// atelier_engine.library_version(): which atelier.so the server has loaded. A restart changes it,
// ALTER EXTENSION UPDATE the SQL; doctor() compares the two.
#include "src/pg/boundary.hpp"

extern "C" {
#include "fmgr.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(atelier_library_version);
PGDLLEXPORT Datum atelier_library_version(PG_FUNCTION_ARGS);
}

Datum atelier_library_version(PG_FUNCTION_ARGS) {
  (void)fcinfo;
  return pg::entry(
      []() -> Datum { return pg::call([] { return CStringGetTextDatum(ATELIER_VERSION); }); });
}
