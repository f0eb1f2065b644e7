// Who is calling: the claims of the request, parsed once for each change of the settings that
// bring them.
#pragma once

#include <optional>
#include <string>

extern "C" {
#include "postgres.h"

#include "utils/uuid.h"
}

namespace caller {

struct Caller {
  bool has_claims = false;  // well-formed ones
  bool has_id = false;
  pg_uuid_t id{};
  std::optional<std::string> role;
  std::optional<std::string> email;
};

// Defines the settings request.jwt.claims and request.jwt.claim.*; called once from _PG_init.
void define_settings();

// Valid until the next call. Never an error for bad claims: they belong to nobody.
const Caller &current();

// The text of request.jwt.claims, empty when there are none.
const char *claims_text();

}  // namespace caller
