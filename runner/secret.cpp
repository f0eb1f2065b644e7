#include "runner/secret.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace runner {
namespace {

std::string checked(std::string secret, const std::string &source) {
  secret.erase(secret.find_last_not_of(" \t\r\n") + 1);
  if (secret.empty()) throw std::runtime_error(source + ": holds no token");
  // It becomes part of a header: a line break would end that.
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  if (std::any_of(secret.begin(), secret.end(), is_control)) {
    throw std::runtime_error(source + ": holds more than one line, or control characters");
  }
  return secret;
}

}  // namespace

std::string read_secret_file(const std::filesystem::path &file) {
  std::ifstream stream(file);
  const std::string content{std::istreambuf_iterator<char>(stream), {}};
  return checked(stream ? content : "", file.string());
}

Secret::Secret(std::filesystem::path file, const char *variable) : file_(std::move(file)) {
  if (!file_.empty()) {
    value_ = read_secret_file(file_);
  } else if (const char *value = std::getenv(variable)) {
    value_ = checked(value, variable);
  }
}

const std::string &Secret::current() {
  if (file_.empty()) return value_;
  try {
    value_ = read_secret_file(file_);
  } catch (const std::runtime_error &) {  // it is being replaced
  }
  return value_;
}

}  // namespace runner
