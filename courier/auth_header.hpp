// auth_header.hpp -- how a secret is presented.
#pragma once

#include <string>

namespace courier {

// "" or "Authorization"        -> "Authorization: Bearer SECRET"
// "X-Api-Key"                  -> "X-Api-Key: SECRET"
// "Authorization: Key"         -> "Authorization: Key SECRET"
// Throws AttemptError(auth) when either could break out of the header line.
std::string make_auth_header(const std::string &auth_header, const std::string &secret);

}  // namespace courier
