// The workspaces in which somebody has one of some roles. No frame here has anything to destroy:
// PostgreSQL may leave by longjmp.
#include "src/functions/administrators.hpp"
#include "src/pg/lookup.hpp"

extern "C" {
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"

PG_FUNCTION_INFO_V1(atelier_workspaces_of);
PGDLLEXPORT Datum atelier_workspaces_of(PG_FUNCTION_ARGS);
}

namespace {

bool is_active(const pg::Table &workspaces, Datum id) {
  ScanKeyData key;
  ScanKeyInit(&key, workspaces.column("id"), BTEqualStrategyNumber, F_UUID_EQ, id);
  SysScanDesc const scan = workspaces.scan(&key, 1);
  HeapTuple const row = systable_getnext(scan);
  bool const active =
      HeapTupleIsValid(row) && DatumGetBool(workspaces.value(row, workspaces.column("is_active")));
  systable_endscan(scan);
  return active;
}

bool contains(ArrayType *roles, Datum role) {
  ArrayIterator const each = array_create_iterator(roles, 0, nullptr);
  Datum item = 0;
  bool is_null = false;
  bool found = false;
  while (!found && array_iterate(each, &item, &is_null))
    found = !is_null &&
            DatumGetBool(DirectFunctionCall2Coll(texteq, DEFAULT_COLLATION_OID, item, role));
  array_free_iterator(each);
  return found;
}

ArrayBuildState *all_workspaces(ArrayBuildState *found) {
  pg::Table const workspaces = pg::Table::open("workspaces", "workspaces_pkey");
  AttrNumber const id = workspaces.column("id");
  SysScanDesc const scan = workspaces.scan(nullptr, 0);
  for (HeapTuple row = systable_getnext(scan); HeapTupleIsValid(row); row = systable_getnext(scan))
    found =
        accumArrayResult(found, workspaces.value(row, id), false, UUIDOID, CurrentMemoryContext);
  systable_endscan(scan);
  workspaces.close();
  return found;
}

ArrayBuildState *workspaces_of(ArrayBuildState *found, Datum user_id, ArrayType *roles) {
  pg::Table const members = pg::Table::open("workspace_members", "workspace_members_user_idx");
  pg::Table const workspaces = pg::Table::open("workspaces", "workspaces_pkey");
  AttrNumber const workspace_id = members.column("workspace_id");
  AttrNumber const role = members.column("role");
  ScanKeyData key;
  ScanKeyInit(&key, members.column("user_id"), BTEqualStrategyNumber, F_UUID_EQ, user_id);
  SysScanDesc const scan = members.scan(&key, 1);
  for (HeapTuple row = systable_getnext(scan); HeapTupleIsValid(row);
       row = systable_getnext(scan)) {
    Datum const id = members.value(row, workspace_id);
    if (contains(roles, members.value(row, role)) && is_active(workspaces, id))
      found = accumArrayResult(found, id, false, UUIDOID, CurrentMemoryContext);
  }
  systable_endscan(scan);
  workspaces.close();
  members.close();
  return found;
}

}  // namespace

Datum atelier_workspaces_of(PG_FUNCTION_ARGS) {
  Datum const user_id = PG_GETARG_DATUM(0);
  ArrayType *const roles = PG_GETARG_ARRAYTYPE_P(1);
  ArrayBuildState *found = initArrayResult(UUIDOID, CurrentMemoryContext, false);
  found = is_administrator(user_id) ? all_workspaces(found) : workspaces_of(found, user_id, roles);
  return makeArrayResult(found, CurrentMemoryContext);
}
