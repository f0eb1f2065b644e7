// Rows of our tables by an index, without a query: for what policies ask with every query. Plain
// structs without destructors, because PostgreSQL may leave by longjmp; an error or the end of the
// query closes what is open.
#pragma once

extern "C" {
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
}

namespace pg {

struct Table {
  Relation relation;
  Oid index;

  // A table, and one of its indexes.
  static Table open(const char *name, const char *index_name, const char *in_schema = "atelier") {
    Oid const schema = get_namespace_oid(in_schema, false);
    return {table_open(get_relname_relid(name, schema), AccessShareLock),
            get_relname_relid(index_name, schema)};
  }
  void close() const { table_close(relation, AccessShareLock); }

  AttrNumber column(const char *name) const { return get_attnum(RelationGetRelid(relation), name); }
  Datum value(HeapTuple row, AttrNumber of_column) const {
    bool is_null = false;  // the columns that are asked for are not null
    return heap_getattr(row, of_column, RelationGetDescr(relation), &is_null);
  }

  // All rows when there are no keys. The keys name columns of the table that lead the index.
  SysScanDesc scan(ScanKeyData *keys, int count) const {
    return systable_beginscan(relation, index, count > 0 && OidIsValid(index), GetActiveSnapshot(),
                              count, keys);
  }
};

}  // namespace pg
