// The file with the keys that secrets are sealed with. No PostgreSQL here, so that it is tested
// alone.
//
// A line is a name and 64 hexadecimal digits. The newest key comes first; the others only open what
// was sealed with them. Empty lines and lines that begin with # say nothing.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace secrets {

constexpr size_t key_bytes = 32;

// What is wrong, and what to do about it. Never says what a key or a secret is.
class Problem : public std::runtime_error {
 public:
  Problem(const std::string &message, std::string hint)
      : std::runtime_error(message), hint_(std::move(hint)) {}
  const std::string &hint() const noexcept { return hint_; }

 private:
  std::string hint_;
};

// Leaves nothing of itself in memory.
class Key {
 public:
  Key(std::string_view id, const std::array<uint8_t, key_bytes> &bytes) : id_(id), bytes_(bytes) {}
  ~Key();
  Key(const Key &) = delete;
  Key &operator=(const Key &) = delete;
  const std::string &id() const noexcept { return id_; }
  const uint8_t *bytes() const noexcept { return bytes_.data(); }

 private:
  std::string id_;
  std::array<uint8_t, key_bytes> bytes_;
};

class KeyRing {
 public:
  static KeyRing parse(std::string_view text);
  // Refuses a file that is below the data directory, another user's, or readable by others.
  static KeyRing load(const std::string &path, const std::string &data_directory);

  const Key &newest() const { return keys_.front(); }
  const Key *find(std::string_view id) const noexcept;
  const std::list<Key> &keys() const noexcept { return keys_; }

 private:
  KeyRing() = default;
  std::list<Key> keys_;
};

}  // namespace secrets
