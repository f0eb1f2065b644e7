#include "courier/auth_header.hpp"

#include <openssl/evp.h>
#include <strings.h>

#include <algorithm>
#include <string_view>

#include "courier/attempt_error.hpp"

namespace courier {

namespace {

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char byte) { return byte > 0x20 && byte < 0x7F; });
}

bool is_header_name(std::string_view name) {
  constexpr std::string_view separators = "\"(),/:;<=>?@[\\]{}";
  return !name.empty() && is_printable(name) &&
         name.find_first_of(separators) == std::string_view::npos;
}

std::string base64(std::string_view text) {
  std::string encoded((text.size() + 2) / 3 * 4 + 1, '\0');
  int const length = EVP_EncodeBlock(reinterpret_cast<unsigned char *>(encoded.data()),
                                     reinterpret_cast<const unsigned char *>(text.data()),
                                     static_cast<int>(text.size()));
  encoded.resize(static_cast<std::size_t>(length));
  return encoded;
}

}  // namespace

std::string make_auth_header(const std::string &auth_header, const std::string &secret) {
  std::size_t const colon = auth_header.find(':');
  std::string name = auth_header.substr(0, colon);
  std::string scheme = colon == std::string::npos ? "" : auth_header.substr(colon + 1);
  scheme.erase(0, scheme.find_first_not_of(' '));
  scheme.erase(scheme.find_last_not_of(' ') + 1);
  if (name.empty()) name = "Authorization";
  if (scheme.empty() && strcasecmp(name.c_str(), "Authorization") == 0) scheme = "Bearer";
  if (!is_header_name(name) || !is_printable(scheme))
    throw AttemptError(wire::ErrorClass::auth, "the endpoint's header for the token is malformed");
  if (!is_printable(secret))
    throw AttemptError(wire::ErrorClass::auth, "the token has a space or control character in it");
  // A name and a password; base64 has no colon, so that who has encoded them himself is right, too.
  bool const is_plain =
      strcasecmp(scheme.c_str(), "Basic") == 0 && secret.find(':') != std::string::npos;
  return name + ": " + scheme + (scheme.empty() ? "" : " ") + (is_plain ? base64(secret) : secret);
}

}  // namespace courier
