#include "src/tokenizers/folder.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner/checkpoint/config.hpp"

namespace tokenizers {
namespace {

constexpr size_t longest_name = 63;
// Those of CLIP have 1 MiB and less.
constexpr size_t longest_file = size_t{4} << 20;
constexpr size_t longest_config = size_t{64} << 10;
constexpr std::array<const char *, 3> names = {"/vocab.json", "/merges.txt",
                                               "/tokenizer_config.json"};

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

Stamp stamp_of(const struct stat &facts) {
  return {facts.st_dev,          facts.st_ino,         facts.st_size,        facts.st_mtim.tv_sec,
          facts.st_mtim.tv_nsec, facts.st_ctim.tv_sec, facts.st_ctim.tv_nsec};
}

[[noreturn]] void refuse(const std::string &path, const std::string &reason) {
  throw runner::CheckpointError(path + ": " + reason);
}

// Nothing where there is no such file.
std::optional<runner::TokenizerFile> read_file(const std::string &path, size_t limit,
                                               Stamp &stamp) {
  // Not even a pipe that nobody writes to may keep a session waiting.
  File const file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (file.number() < 0 && errno == ENOENT) return std::nullopt;
  struct stat facts {};
  if (file.number() < 0 || fstat(file.number(), &facts) != 0) {
    const std::string reason = std::strerror(errno);
    if (stat(path.c_str(), &facts) == 0) stamp = stamp_of(facts);
    refuse(path, "cannot be read: " + reason);
  }
  stamp = stamp_of(facts);
  if (!S_ISREG(facts.st_mode)) refuse(path, "is not a regular file");
  std::string text(std::min(static_cast<size_t>(facts.st_size), limit) + 1, '\0');
  size_t got = 0;
  while (got < text.size()) {
    ssize_t const n = ::read(file.number(), text.data() + got, text.size() - got);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) refuse(path, "cannot be read: " + std::string(std::strerror(errno)));
    if (n == 0) break;
    got += static_cast<size_t>(n);
  }
  if (got > limit) refuse(path, "is longer than " + std::to_string(limit >> 10) + " KiB");
  text.resize(got);
  return runner::TokenizerFile{std::move(text), path};
}

}  // namespace

bool is_name(std::string_view name) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !name.empty() && name.size() <= longest_name && is_plain(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return is_plain(c) || c == '.' || c == '_' || c == '-'; });
}

std::optional<Stamps> look_at(const std::string &folder) {
  struct stat facts {};
  if (stat(folder.c_str(), &facts) != 0 && errno == ENOENT) return std::nullopt;
  Stamps stamps;
  for (size_t i = 0; i < names.size(); ++i)
    if (stat((folder + names.at(i)).c_str(), &facts) == 0) stamps.at(i) = stamp_of(facts);
  return stamps;
}

runner::TokenizerFiles read(const std::string &folder, Stamps &stamps) {
  runner::TokenizerFiles files;
  const auto needed = [&](size_t which) {
    const auto path = folder + names.at(which);
    auto file = read_file(path, longest_file, stamps.at(which));
    if (!file) refuse(path, "is missing");
    return *std::move(file);
  };
  // All stamps are taken first: after an error, a change of any file is worth another try.
  stamps = look_at(folder).value_or(Stamps{});
  files.vocabulary = needed(0);
  files.merges = needed(1);
  files.config = read_file(folder + names[2], longest_config, stamps[2]);
  return files;
}

}  // namespace tokenizers
