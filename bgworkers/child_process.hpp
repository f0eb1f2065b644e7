// A program started by a background worker, outside shared memory: its crash costs a restart of
// itself and not of every connection of the cluster.
//
// It inherits the server log as stderr, the data directory as working directory, and at most one
// descriptor. It dies with the worker that started it, however that ends.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace bgworkers {

class ChildProcess {
 public:
  enum class Input { nothing, socket };

  // command[0] is a path. With Input::socket the child's standard input is one end of a stream
  // socket pair, socket() is the other. Throws pg::Failure.
  ChildProcess(const std::vector<std::string> &command, Input input);
  // Asks it to stop, waits for at most two seconds, then kills it.
  ~ChildProcess();
  ChildProcess(const ChildProcess &) = delete;
  ChildProcess &operator=(const ChildProcess &) = delete;

  pid_t pid() const noexcept { return pid_; }
  int socket() const noexcept { return socket_; }

  // How it ended, in words; nothing while it runs.
  std::optional<std::string> ended();
  // Waits a moment for the end of a child that has closed its socket, killing it if need be.
  std::string end_after_close();

 private:
  bool reap(bool block);

  pid_t pid_ = -1;
  int socket_ = -1;
  bool reaped_ = false;
  int status_ = 0;
};

// The path of a program in the server's bin directory, unless `configured` names another.
std::string program_path(const char *configured, const char *name);

}  // namespace bgworkers
