// Signatures of webhooks: the list of a Standard Webhooks header, by a secret that is opened for
// this only, and Ed25519. What is compared is compared in a time that says nothing about how much
// of it is right.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "src/functions/provider_secrets.hpp"
#include "src/pg/boundary.hpp"
#include "src/pg/compat.hpp"

extern "C" {
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

PG_FUNCTION_INFO_V1(atelier_standard_webhook_is_signed);
PG_FUNCTION_INFO_V1(atelier_ed25519_is_signed);
PGDLLEXPORT Datum atelier_standard_webhook_is_signed(PG_FUNCTION_ARGS);
PGDLLEXPORT Datum atelier_ed25519_is_signed(PG_FUNCTION_ARGS);
}

namespace {

constexpr size_t sha256_bytes = 32;
constexpr size_t base64_length = 44;  // of 32 bytes
constexpr size_t ed25519_key_bytes = 32;
constexpr size_t ed25519_signature_bytes = 64;

using Bytes = std::span<const unsigned char>;

Bytes bytes_of(const bytea *value) {
  return {reinterpret_cast<const unsigned char *>(VARDATA_ANY(value)),
          static_cast<size_t>(VARSIZE_ANY_EXHDR(value))};
}

struct FreeKey {
  void operator()(EVP_PKEY *key) const noexcept { EVP_PKEY_free(key); }
};
struct FreeContext {
  void operator()(EVP_MD_CTX *context) const noexcept { EVP_MD_CTX_free(context); }
};

// The key in a secret as the provider hands it out: whsec_ and base64. Leaves nothing of it in
// memory.
class StandardKey {
 public:
  explicit StandardKey(std::string secret) : secret_(std::move(secret)), bytes_(secret_.size()) {
    std::string_view const text = secret_;
    if (!text.starts_with(prefix)) return;
    std::string_view const digits = text.substr(prefix.size());
    int const decoded =
        EVP_DecodeBlock(bytes_.data(), reinterpret_cast<const unsigned char *>(digits.data()),
                        static_cast<int>(digits.size()));
    auto const padding = std::count(digits.begin(), digits.end(), '=');
    if (decoded > padding) size_ = static_cast<size_t>(decoded - padding);
  }
  ~StandardKey() {
    secrets::wipe(secret_);
    OPENSSL_cleanse(bytes_.data(), bytes_.size());
  }
  StandardKey(const StandardKey &) = delete;
  StandardKey &operator=(const StandardKey &) = delete;
  Bytes bytes() const { return {bytes_.data(), size_}; }

 private:
  static constexpr std::string_view prefix = "whsec_";

  std::string secret_;
  std::vector<unsigned char> bytes_;
  size_t size_ = 0;
};

std::array<char, base64_length + 1> signature_of(Bytes key, Bytes message) {
  std::array<unsigned char, sha256_bytes> code{};
  std::array<char, base64_length + 1> text{};
  unsigned int length = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), message.data(), message.size(),
           code.data(), &length) == nullptr ||
      length != sha256_bytes)
    throw pg::Failure(ERRCODE_INTERNAL_ERROR, "HMAC-SHA-256 failed");
  EVP_EncodeBlock(reinterpret_cast<unsigned char *>(text.data()), code.data(), sha256_bytes);
  return text;
}

// "v1,BASE64 v1,BASE64": during a change of secrets there are several. All are looked at, whichever
// is right.
bool names(std::string_view list, const std::array<char, base64_length + 1> &expected) {
  constexpr std::string_view version = "v1,";
  bool found = false;
  for (size_t begin = 0; begin < list.size();) {
    size_t const end = std::min(list.find(' ', begin), list.size());
    std::string_view const entry = list.substr(begin, end - begin);
    if (entry.size() == version.size() + base64_length && entry.starts_with(version))
      found |= CRYPTO_memcmp(entry.data() + version.size(), expected.data(), base64_length) == 0;
    begin = end + 1;
  }
  return found;
}

bool is_signed(Bytes raw_key, Bytes message, Bytes signature) {
  if (raw_key.size() != ed25519_key_bytes || signature.size() != ed25519_signature_bytes)
    return false;
  std::unique_ptr<EVP_PKEY, FreeKey> const key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw_key.data(), raw_key.size()));
  std::unique_ptr<EVP_MD_CTX, FreeContext> const context(EVP_MD_CTX_new());
  bool const good =
      key != nullptr && context != nullptr &&
      EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
      EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                       message.size()) == 1;
  ERR_clear_error();  // the server's own TLS reads the same list
  return good;
}

}  // namespace

Datum atelier_standard_webhook_is_signed(PG_FUNCTION_ARGS) {
  const pg_uuid_t *const token = PG_GETARG_UUID_P(0);
  Bytes const sealed = bytes_of(PG_GETARG_BYTEA_PP(1));
  Bytes const message = bytes_of(PG_GETARG_BYTEA_PP(2));
  const text *const list = PG_GETARG_TEXT_PP(3);
  std::string_view const signatures(VARDATA_ANY(list), VARSIZE_ANY_EXHDR(list));
  bool is_open = false;
  Datum const found = pg::entry([&]() -> Datum {
    secrets::Owner owner{secrets::Purpose::webhook_secret, {}};
    memcpy(owner.token.bytes.data(), token->data, owner.token.bytes.size());
    try {
      StandardKey const key(provider_secrets::Reader().open(owner, sealed));
      is_open = !key.bytes().empty();
      return BoolGetDatum(is_open && names(signatures, signature_of(key.bytes(), message)));
    } catch (const secrets::Problem &) {
      return Datum{0};  // doctor() says what is wrong
    }
  });
  if (!is_open) PG_RETURN_NULL();
  return found;
}

Datum atelier_ed25519_is_signed(PG_FUNCTION_ARGS) {
  Bytes const key = bytes_of(PG_GETARG_BYTEA_PP(0));
  Bytes const message = bytes_of(PG_GETARG_BYTEA_PP(1));
  Bytes const signature = bytes_of(PG_GETARG_BYTEA_PP(2));
  return pg::entry([&]() -> Datum { PG_RETURN_BOOL(is_signed(key, message, signature)); });
}
