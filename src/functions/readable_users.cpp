// The ends of the range of users whose rows somebody may read. Policies ask for both with every
// query, so that the lookup is one probe of an index and no query. No frame here has anything to
// destroy: PostgreSQL may leave by longjmp.
#include <cstring>

extern "C" {
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_enum.h"
#include "fmgr.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/uuid.h"

PG_FUNCTION_INFO_V1(atelier_readable_users_bound);
PGDLLEXPORT Datum atelier_readable_users_bound(PG_FUNCTION_ARGS);
}

namespace {

bool is_administrator(Datum user_id, Snapshot snapshot) {
  Oid const schema = get_namespace_oid("atelier", false);
  Oid const index = get_relname_relid("user_roles_user_id_role_key", schema);
  Relation const roles = table_open(get_relname_relid("user_roles", schema), AccessShareLock);
  AttrNumber const user_column = get_attnum(RelationGetRelid(roles), "user_id");
  AttrNumber const role_column = get_attnum(RelationGetRelid(roles), "role");
  Oid const role_type = get_atttype(RelationGetRelid(roles), role_column);
  Oid const admin = GetSysCacheOid2(ENUMTYPOIDNAME, Anum_pg_enum_oid, ObjectIdGetDatum(role_type),
                                    CStringGetDatum("admin"));

  ScanKeyData keys[2];
  ScanKeyInit(&keys[0], user_column, BTEqualStrategyNumber, F_UUID_EQ, user_id);
  ScanKeyInit(&keys[1], role_column, BTEqualStrategyNumber, F_ENUM_EQ, ObjectIdGetDatum(admin));
  SysScanDesc const scan = systable_beginscan(roles, index, OidIsValid(index), snapshot, 2, keys);
  bool const found = HeapTupleIsValid(systable_getnext(scan));
  systable_endscan(scan);
  table_close(roles, AccessShareLock);
  return found;
}

// The last answer. Both ends of the range are asked for under one snapshot, and under one snapshot
// the answer stays the same.
struct Answer {
  pg_uuid_t user_id;
  TimestampTz transaction;
  TransactionId xmin;
  TransactionId xmax;
  uint32 running;
  CommandId command;
  bool is_administrator;
};
Answer last{};

bool knows(Datum user_id, Snapshot snapshot) {
  return last.transaction == GetCurrentTransactionStartTimestamp() && last.xmin == snapshot->xmin &&
         last.xmax == snapshot->xmax && last.running == snapshot->xcnt &&
         last.command == snapshot->curcid &&
         std::memcmp(&last.user_id, DatumGetUUIDP(user_id), sizeof last.user_id) == 0;
}

}  // namespace

Datum atelier_readable_users_bound(PG_FUNCTION_ARGS) {
  Datum const user_id = PG_GETARG_DATUM(0);
  bool const upper = PG_GETARG_BOOL(1);
  Snapshot const snapshot = GetActiveSnapshot();
  if (!knows(user_id, snapshot)) {
    bool const found = is_administrator(user_id, snapshot);
    last = {*DatumGetUUIDP(user_id),
            GetCurrentTransactionStartTimestamp(),
            snapshot->xmin,
            snapshot->xmax,
            snapshot->xcnt,
            snapshot->curcid,
            found};
  }
  if (!last.is_administrator) return user_id;
  auto *const bound = static_cast<pg_uuid_t *>(palloc(sizeof(pg_uuid_t)));
  std::memset(bound->data, upper ? 0xff : 0, sizeof bound->data);
  return UUIDPGetDatum(bound);
}
