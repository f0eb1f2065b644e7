#include "src/secrets/key_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

namespace secrets {
namespace {

constexpr size_t longest_file = size_t{64} * 1024;
constexpr size_t longest_id = 32;
constexpr const char *how_to_make_one =
    "Make it as the user of the server: umask 077; echo \"key-1 $(openssl rand -hex 32)\" > FILE";

class File {
 public:
  explicit File(int number) : number_(number) {}
  ~File() {
    if (number_ >= 0) close(number_);
  }
  File(const File &) = delete;
  File &operator=(const File &) = delete;
  int number() const noexcept { return number_; }

 private:
  int number_;
};

class WipedBuffer {
 public:
  explicit WipedBuffer(size_t size) : bytes_(size) {}
  ~WipedBuffer() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }
  WipedBuffer(const WipedBuffer &) = delete;
  WipedBuffer &operator=(const WipedBuffer &) = delete;
  char *data() noexcept { return bytes_.data(); }
  size_t size() const noexcept { return bytes_.size(); }

 private:
  std::vector<char> bytes_;
};

std::string real_path(const std::string &path) {
  struct Free {
    void operator()(char *text) const { std::free(text); }
  };
  std::unique_ptr<char, Free> const found(realpath(path.c_str(), nullptr));
  if (!found)
    throw Problem("the key file cannot be found: " + std::string(std::strerror(errno)),
                  how_to_make_one);
  return found.get();
}

bool is_below(const std::string &path, const std::string &directory) {
  return path.starts_with(directory + "/");
}

void check_owner_and_mode(int file) {
  struct stat facts {};
  if (fstat(file, &facts) != 0 || !S_ISREG(facts.st_mode))
    throw Problem("the key file is not a regular file", how_to_make_one);
  if (facts.st_uid != geteuid())
    throw Problem("the key file belongs to another user than the server's",
                  "Give it to the user of the server with chown.");
  if ((facts.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    throw Problem("others than its owner may use the key file", "Take that away: chmod 600.");
}

size_t read_whole(int file, WipedBuffer &into) {
  size_t got = 0;
  while (got < into.size()) {
    ssize_t const n = read(file, into.data() + got, into.size() - got);
    if (n == 0) return got;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0)
      throw Problem("the key file cannot be read: " + std::string(std::strerror(errno)),
                    how_to_make_one);
    got += static_cast<size_t>(n);
  }
  throw Problem("the key file is too long", "It holds one key in a line, and 64 KiB at most.");
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool read_key(std::string_view digits, std::array<uint8_t, key_bytes> &bytes) {
  if (digits.size() != 2 * key_bytes) return false;
  for (size_t i = 0; i < key_bytes; ++i) {
    int const high = hex_digit(digits[2 * i]);
    int const low = hex_digit(digits[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    bytes.at(i) = static_cast<uint8_t>(high << 4 | low);
  }
  return true;
}

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= longest_id &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

std::string_view trimmed(std::string_view text) {
  size_t const from = text.find_first_not_of(" \t\r");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t\r") - from + 1);
}

}  // namespace

Key::~Key() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

const Key *KeyRing::find(std::string_view id) const noexcept {
  for (const Key &key : keys_)
    if (key.id() == id) return &key;
  return nullptr;
}

KeyRing KeyRing::parse(std::string_view text) {
  KeyRing ring;
  std::array<uint8_t, key_bytes> bytes{};
  auto const cleanse = [](std::array<uint8_t, key_bytes> *used) {
    OPENSSL_cleanse(used->data(), used->size());
  };
  std::unique_ptr<std::array<uint8_t, key_bytes>, decltype(cleanse)> const wipe(&bytes, cleanse);
  for (size_t number = 1; !text.empty(); ++number) {
    size_t const end = text.find('\n');
    std::string_view const line = trimmed(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (line.empty() || line.front() == '#') continue;
    std::string const where = "line " + std::to_string(number) + " of the key file ";
    size_t const blank = line.find_first_of(" \t");
    std::string_view const id = line.substr(0, blank);
    if (blank == std::string_view::npos || !is_id(id) ||
        !read_key(trimmed(line.substr(blank)), bytes))
      throw Problem(where + "is not a name and a key of 32 bytes", how_to_make_one);
    if (ring.find(id) != nullptr)
      throw Problem(where + "has a name that another key has",
                    "Each key needs a name of its own, by which sealed secrets find it.");
    ring.keys_.emplace_back(id, bytes);
  }
  if (ring.keys_.empty()) throw Problem("the key file holds no key", how_to_make_one);
  return ring;
}

KeyRing KeyRing::load(const std::string &path, const std::string &data_directory) {
  if (path.empty())
    throw Problem("there is no key to seal secrets with",
                  "Set atelier.secret_key_file to a file outside the data directory. " +
                      std::string(how_to_make_one));
  if (path.front() != '/')
    throw Problem("atelier.secret_key_file is not an absolute path", "Begin it with a slash.");
  std::string const real = real_path(path);
  if (is_below(real, real_path(data_directory)))
    throw Problem("the key file lies in the data directory",
                  "Put it elsewhere, so that a backup of the server does not hold the key.");
  File const file(open(real.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (file.number() < 0)
    throw Problem("the key file cannot be opened: " + std::string(std::strerror(errno)),
                  how_to_make_one);
  check_owner_and_mode(file.number());
  WipedBuffer text(longest_file);
  size_t const size = read_whole(file.number(), text);
  return parse({text.data(), size});
}

}  // namespace secrets
