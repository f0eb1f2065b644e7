// Secrets of provider tokens and of their webhooks, for C++. Nothing that SQL can call gives one
// away.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "src/secrets/key_file.hpp"
#include "src/secrets/sealing.hpp"
#include "wire/uuid.hpp"

namespace provider_secrets {

// Reads the keys when the first secret is opened, and forgets them with itself.
class Reader {
 public:
  // Throws secrets::Problem.
  std::string open(const secrets::Owner &owner, std::span<const uint8_t> sealed);
  std::string open(const wire::Uuid &token, std::span<const uint8_t> sealed) {
    return open({secrets::Purpose::provider_token, token}, sealed);
  }

 private:
  std::optional<secrets::KeyRing> keys_;
};

}  // namespace provider_secrets
