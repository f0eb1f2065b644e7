#include "self_signed.hpp"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <stdexcept>

namespace test {

namespace {

struct FreeKey {
  void operator()(EVP_PKEY *key) const noexcept { EVP_PKEY_free(key); }
  void operator()(X509 *certificate) const noexcept { X509_free(certificate); }
};

void check(bool holds) {
  if (!holds) throw std::runtime_error("OpenSSL");
}

}  // namespace

std::unique_ptr<SSL_CTX, FreeTls> make_self_signed_context() {
  std::unique_ptr<EVP_PKEY, FreeKey> const key(EVP_EC_gen("P-256"));
  std::unique_ptr<X509, FreeKey> const certificate(X509_new());
  check(key != nullptr && certificate != nullptr);
  X509_NAME *const name = X509_get_subject_name(certificate.get());
  check(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char *>("localhost"), -1, -1,
                                   0) == 1);
  check(X509_set_issuer_name(certificate.get(), name) == 1);
  check(X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600) != nullptr);
  check(X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600) != nullptr);
  check(X509_set_pubkey(certificate.get(), key.get()) == 1);
  check(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);

  std::unique_ptr<SSL_CTX, FreeTls> context(SSL_CTX_new(TLS_server_method()));
  check(context != nullptr);
  check(SSL_CTX_use_certificate(context.get(), certificate.get()) == 1);
  check(SSL_CTX_use_PrivateKey(context.get(), key.get()) == 1);
  return context;
}

}  // namespace test
