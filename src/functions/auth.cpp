// auth.uid(), auth.role(), auth.email(), auth.jwt(): policies call them for every query, so the
// claims are parsed once per distinct text and remembered by the backend.
#include <string>

#include "src/functions/claims.hpp"
#include "src/pg/boundary.hpp"

extern "C" {
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/jsonb.h"
#include "utils/uuid.h"

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

constexpr const char *claims_setting = "request.jwt.claims";

const char *setting(const char *name) {
  const char *const value = pg::call([&] { return GetConfigOption(name, true, false); });
  return value != nullptr && value[0] != '\0' ? value : nullptr;
}

const claims::Claims &current_claims() {
  static std::string known_text;
  static claims::Claims known;
  const char *const text = setting(claims_setting);
  if (text == nullptr) {
    known_text.clear();
    known = {};
  } else if (known_text != text) {
    known = claims::parse(text);
    known_text = text;
  }
  return known;
}

// Whole claims win; the settings of one claim each are what older PostgREST versions send.
std::optional<std::string> claim(const std::optional<std::string> claims::Claims::*member,
                                 const char *legacy_setting) {
  if (setting(claims_setting) != nullptr) return current_claims().*member;
  if (const char *const value = setting(legacy_setting)) return std::string(value);
  return std::nullopt;
}

Datum text_or_null(FunctionCallInfo fcinfo, const std::optional<std::string> &value) {
  if (!value) {
    fcinfo->isnull = true;
    return Datum{0};
  }
  const char *const text = value->c_str();
  return pg::call([&] { return CStringGetTextDatum(text); });
}

}  // namespace

Datum atelier_auth_uid(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    auto const sub = claim(&claims::Claims::sub, "request.jwt.claim.sub");
    if (!sub || !claims::is_uuid(*sub)) {
      fcinfo->isnull = true;
      return Datum{0};
    }
    const char *const id = sub->c_str();
    return pg::call([&] { return DirectFunctionCall1(uuid_in, CStringGetDatum(id)); });
  });
}

Datum atelier_auth_role(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    return text_or_null(fcinfo, claim(&claims::Claims::role, "request.jwt.claim.role"));
  });
}

Datum atelier_auth_email(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    return text_or_null(fcinfo, claim(&claims::Claims::email, "request.jwt.claim.email"));
  });
}

Datum atelier_auth_jwt(PG_FUNCTION_ARGS) {
  return pg::entry([&]() -> Datum {
    if (!current_claims().valid) {
      fcinfo->isnull = true;
      return Datum{0};
    }
    const char *const whole = setting(claims_setting);
    return pg::call([&] { return DirectFunctionCall1(jsonb_in, CStringGetDatum(whole)); });
  });
}
