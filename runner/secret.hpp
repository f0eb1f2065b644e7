// Keys and tokens: from a file or the environment, never from the command line, which everybody on
// the machine can read.
#pragma once

#include <filesystem>
#include <string>

namespace runner {

// The one line of a file. Throws std::runtime_error when there is none, or more.
std::string read_secret_file(const std::filesystem::path &file);

class Secret {
 public:
  Secret() = default;
  // From the file if one is named, else from the environment variable, if it is set.
  Secret(std::filesystem::path file, const char *variable);

  bool empty() const { return value_.empty(); }
  // Reads the file again: it may have been replaced. While it cannot be read, the last one holds.
  const std::string &current();

 private:
  std::filesystem::path file_;
  std::string value_;
};

}  // namespace runner
