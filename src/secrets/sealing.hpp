// Secrets at rest: AES-256-GCM. What is sealed for one token opens for no other, and what is sealed
// for one purpose for no other.
//
// Layout: version (1), length of the key's name, the name, nonce (12 bytes), ciphertext, tag (16
// bytes). The purpose, the version, the name and the id of the token are authenticated with it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "src/secrets/key_file.hpp"
#include "wire/uuid.hpp"

namespace secrets {

enum class Purpose { provider_token, webhook_secret };

// Whose secret it is, and which of those that a token has.
struct Owner {
  Purpose purpose;
  wire::Uuid token;
};

std::vector<uint8_t> seal(const Key &key, const Owner &owner, std::string_view secret);
// Throws Problem when the key is missing, or what is sealed was changed or belongs to another
// owner.
std::string unseal(const KeyRing &keys, const Owner &owner, std::span<const uint8_t> sealed);
// The name of the key that it was sealed with; empty when it is nothing sealed.
std::string_view key_name_of(std::span<const uint8_t> sealed) noexcept;
void wipe(std::string &text) noexcept;

}  // namespace secrets
