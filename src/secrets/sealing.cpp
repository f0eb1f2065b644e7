#include "src/secrets/sealing.hpp"

#include <algorithm>
#include <array>
#include <memory>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

namespace secrets {
namespace {

constexpr uint8_t version = 1;
constexpr size_t head_bytes = 2;
constexpr int nonce_bytes = 12;
constexpr int tag_bytes = 16;

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

void require(bool worked) {
  if (!worked) throw std::runtime_error("OpenSSL failed at AES-256-GCM");
}

Cipher new_cipher() {
  Cipher cipher(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  require(cipher != nullptr);
  return cipher;
}

std::string_view name_of(Purpose purpose) {
  return purpose == Purpose::provider_token ? "atelier provider token" : "atelier webhook secret";
}

std::string authenticated_with(std::string_view key_name, const Owner &owner) {
  std::string out(name_of(owner.purpose));
  out += static_cast<char>(version);
  out += static_cast<char>(key_name.size());
  out += key_name;
  out.append(reinterpret_cast<const char *>(owner.token.bytes.data()), owner.token.bytes.size());
  return out;
}

const unsigned char *bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char *>(text.data());
}

}  // namespace

std::vector<uint8_t> seal(const Key &key, const Owner &owner, std::string_view secret) {
  size_t const nonce_at = head_bytes + key.id().size();
  size_t const text_at = nonce_at + nonce_bytes;
  std::vector<uint8_t> out(text_at + secret.size() + tag_bytes);
  out[0] = version;
  out[1] = static_cast<uint8_t>(key.id().size());
  std::copy(key.id().begin(), key.id().end(), out.begin() + head_bytes);
  require(RAND_bytes(out.data() + nonce_at, nonce_bytes) == 1);

  Cipher const cipher = new_cipher();
  std::string const authenticated = authenticated_with(key.id(), owner);
  int written = 0;
  require(EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.bytes(),
                             out.data() + nonce_at) == 1);
  require(EVP_EncryptUpdate(cipher.get(), nullptr, &written, bytes_of(authenticated),
                            static_cast<int>(authenticated.size())) == 1);
  require(EVP_EncryptUpdate(cipher.get(), out.data() + text_at, &written, bytes_of(secret),
                            static_cast<int>(secret.size())) == 1);
  require(EVP_EncryptFinal_ex(cipher.get(), out.data() + text_at + written, &written) == 1);
  require(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes,
                              out.data() + text_at + secret.size()) == 1);
  return out;
}

std::string unseal(const KeyRing &keys, const Owner &owner, std::span<const uint8_t> sealed) {
  std::string_view const name = key_name_of(sealed);
  if (name.empty()) throw Problem("what is stored is no sealed secret", "Store it again.");
  const Key *const key = keys.find(name);
  if (key == nullptr)
    throw Problem("the key " + std::string(name) + " is not in the key file",
                  "Put it back, or store the secret again.");
  size_t const nonce_at = head_bytes + name.size();
  size_t const text_at = nonce_at + nonce_bytes;
  size_t const size = sealed.size() - text_at - tag_bytes;

  Cipher const cipher = new_cipher();
  std::string const authenticated = authenticated_with(name, owner);
  std::string secret(size, '\0');
  std::array<uint8_t, tag_bytes> tag{};
  std::copy(sealed.end() - tag_bytes, sealed.end(), tag.begin());
  auto *const out = reinterpret_cast<unsigned char *>(secret.data());
  int written = 0;
  require(EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key->bytes(),
                             sealed.data() + nonce_at) == 1);
  require(EVP_DecryptUpdate(cipher.get(), nullptr, &written, bytes_of(authenticated),
                            static_cast<int>(authenticated.size())) == 1);
  require(EVP_DecryptUpdate(cipher.get(), out, &written, sealed.data() + text_at,
                            static_cast<int>(size)) == 1);
  require(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes, tag.data()) == 1);
  if (EVP_DecryptFinal_ex(cipher.get(), out + written, &written) != 1) {
    wipe(secret);
    throw Problem("a sealed secret was changed, belongs to another token, or its key was replaced",
                  "Store it again.");
  }
  return secret;
}

std::string_view key_name_of(std::span<const uint8_t> sealed) noexcept {
  if (sealed.size() < head_bytes || sealed[0] != version || sealed[1] == 0 ||
      sealed.size() < head_bytes + sealed[1] + nonce_bytes + tag_bytes)
    return {};
  return {reinterpret_cast<const char *>(sealed.data()) + head_bytes, sealed[1]};
}

void wipe(std::string &text) noexcept { OPENSSL_cleanse(text.data(), text.size()); }

}  // namespace secrets
