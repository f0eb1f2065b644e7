// Limits that are settings, for functions in SQL. Reading them here loads the library, whose
// settings users cannot change; a setting that nobody defined yet, anybody can.
#include "src/pg/settings.hpp"

extern "C" {
#include "postgres.h"

#include "fmgr.h"

PG_FUNCTION_INFO_V1(atelier_max_unfinished_jobs_per_user);
PGDLLEXPORT Datum atelier_max_unfinished_jobs_per_user(PG_FUNCTION_ARGS);
}

Datum atelier_max_unfinished_jobs_per_user(PG_FUNCTION_ARGS) {
  (void)fcinfo;
  PG_RETURN_INT32(settings::max_unfinished_jobs_per_user);
}
