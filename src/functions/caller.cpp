#include "src/functions/caller.hpp"

#include <cstring>

#include "src/functions/claims.hpp"
#include "src/pg/boundary.hpp"

extern "C" {
#include "utils/guc.h"
}

namespace caller {
namespace {

// The settings are variables of this library and not looked up by name, because policies ask who
// is calling for every query and functions for every row.
char *whole_claims = nullptr;
char *legacy_sub = nullptr;
char *legacy_role = nullptr;
char *legacy_email = nullptr;

Caller known;
bool outdated = true;

// PostgreSQL calls this for SET, SET LOCAL, set_config(), RESET and at the end of transactions.
void note_change(const char *, void *) { outdated = true; }

void define(const char *name, const char *summary, const char *detail, char **variable) {
  // As it is for settings that nobody defined: everybody may set them, SHOW ALL is silent.
  DefineCustomStringVariable(name, summary, detail, variable, "", PGC_USERSET,
                             GUC_NO_SHOW_ALL | GUC_NOT_IN_SAMPLE, nullptr, note_change, nullptr);
}

std::optional<std::string> text_of(const char *setting) {
  if (setting == nullptr || setting[0] == '\0') return std::nullopt;
  return setting;
}

Caller read() {
  Caller out;
  std::optional<std::string> sub;
  // Whole claims win; the settings of one claim each are what older PostgREST versions send.
  if (claims_text()[0] != '\0') {
    claims::Claims parsed = claims::parse(claims_text());
    out.has_claims = parsed.valid;
    out.role = std::move(parsed.role);
    out.email = std::move(parsed.email);
    sub = std::move(parsed.sub);
  } else {
    out.role = text_of(legacy_role);
    out.email = text_of(legacy_email);
    sub = text_of(legacy_sub);
  }
  if (auto const id = sub ? claims::uuid_of(*sub) : std::nullopt) {
    static_assert(sizeof out.id.data == sizeof *id);
    std::memcpy(out.id.data, id->data(), id->size());
    out.has_id = true;
  }
  return out;
}

}  // namespace

void define_settings() {
  define("request.jwt.claims", "The claims of the caller's token, as JSON.",
         "PostgREST sets it for each request.", &whole_claims);
  define("request.jwt.claim.sub", "The id of the caller, as older PostgREST versions send it.",
         "Counts when request.jwt.claims is empty.", &legacy_sub);
  define("request.jwt.claim.role", "The role of the caller, as older PostgREST versions send it.",
         "Counts when request.jwt.claims is empty.", &legacy_role);
  define("request.jwt.claim.email",
         "The mail address of the caller, as older PostgREST versions send it.",
         "Counts when request.jwt.claims is empty.", &legacy_email);
}

const Caller &current() {
  if (outdated) {
    pg::entry([] {
      known = read();
      outdated = false;
    });
  }
  return known;
}

const char *claims_text() { return whole_claims == nullptr ? "" : whole_claims; }

}  // namespace caller
