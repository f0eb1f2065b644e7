// Which database of which server this is. pg_control_system() would read a file for it each time.
extern "C" {
#include "postgres.h"

#include "access/xlog.h"
#include "fmgr.h"
#include "miscadmin.h"

PG_FUNCTION_INFO_V1(atelier_is_this_database);
PGDLLEXPORT Datum atelier_is_this_database(PG_FUNCTION_ARGS);
}

Datum atelier_is_this_database(PG_FUNCTION_ARGS) {
  PG_RETURN_BOOL(static_cast<uint64>(PG_GETARG_INT64(0)) == GetSystemIdentifier() &&
                 PG_GETARG_OID(1) == MyDatabaseId);
}
