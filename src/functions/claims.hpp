// Who the caller is, from the JWT claims that PostgREST puts into settings. Pure C++.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace claims {

struct Claims {
  bool valid = false;  // a JSON object that the database could store as jsonb
  std::optional<std::string> sub;
  std::optional<std::string> role;
  std::optional<std::string> email;
};

using Uuid = std::array<unsigned char, 16>;

// Never throws for bad input: malformed claims belong to nobody. Claims nested deeper than
// 64 levels, or with a NUL character, count as malformed.
Claims parse(std::string_view json);

// A UUID in its canonical form of 36 characters, any letter case; else nothing.
std::optional<Uuid> uuid_of(std::string_view text) noexcept;

}  // namespace claims
