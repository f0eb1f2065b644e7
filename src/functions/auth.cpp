// auth.uid(), auth.role(), auth.email(), auth.jwt(). They are called in policies and for each row,
// so they do no more than copy what is known. No frame here has anything to destroy: PostgreSQL may
// leave by longjmp.
#include "src/functions/caller.hpp"

extern "C" {
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

PG_FUNCTION_INFO_V1(atelier_auth_uid);
PG_FUNCTION_INFO_V1(atelier_auth_role);
PG_FUNCTION_INFO_V1(atelier_auth_email);
PG_FUNCTION_INFO_V1(atelier_auth_jwt);
PGDLLEXPORT Datum atelier_auth_uid(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum atelier_auth_role(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum atelier_auth_email(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum atelier_auth_jwt(PG_FUNCTION_ARGS);
}

namespace {

Datum text_or_null(FunctionCallInfo fcinfo, const std::optional<std::string> &value) {
  if (!value) PG_RETURN_NULL();
  return PointerGetDatum(cstring_to_text_with_len(value->data(), static_cast<int>(value->size())));
}

}  // namespace

Datum atelier_auth_uid(PG_FUNCTION_ARGS) {
  const caller::Caller &who = caller::current();
  if (!who.has_id) PG_RETURN_NULL();
  // A copy: the claims may change before the query has done with its result.
  auto *const id = static_cast<pg_uuid_t *>(palloc(sizeof(pg_uuid_t)));
  *id = who.id;
  return UUIDPGetDatum(id);
}

Datum atelier_auth_role(PG_FUNCTION_ARGS) { return text_or_null(fcinfo, caller::current().role); }

Datum atelier_auth_email(PG_FUNCTION_ARGS) { return text_or_null(fcinfo, caller::current().email); }

Datum atelier_auth_jwt(PG_FUNCTION_ARGS) {
  if (!caller::current().has_claims) PG_RETURN_NULL();
  return DirectFunctionCall1(jsonb_in, CStringGetDatum(caller::claims_text()));
}
