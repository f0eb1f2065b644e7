// A chat server that says so many words a second on every connection, at the pace of a clock: it
// does not wait for who listens. Each word is the time at which it was said. Runs in a process of
// its own, so that its CPU is told apart.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace bench {

// Milliseconds of the clock that all processes share, in eight digits.
std::uint32_t clock_ms();
constexpr std::size_t word_bytes = 9;  // and a space

class Speaker {
 public:
  Speaker(int words_per_second, int seconds);
  ~Speaker();
  Speaker(const Speaker &) = delete;
  Speaker &operator=(const Speaker &) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/v1"; }
  std::string pid() const { return std::to_string(child_); }

 private:
  pid_t child_ = -1;
  int port_ = 0;
};

}  // namespace bench
