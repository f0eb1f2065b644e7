// self_signed.hpp -- the server's side of TLS with a certificate that nobody vouches for.
#pragma once

#include <openssl/ssl.h>

#include <memory>

namespace test {

struct FreeTls {
  void operator()(SSL_CTX *context) const noexcept { SSL_CTX_free(context); }
  void operator()(SSL *connection) const noexcept { SSL_free(connection); }
};

std::unique_ptr<SSL_CTX, FreeTls> make_self_signed_context();

}  // namespace test
