// Where the server listens: "unix:PATH" or "tcp:HOST:PORT".
#pragma once

#include <string>

#include "wire/file_descriptor.hpp"

namespace runner {

struct Address {
  std::string path;        // of a unix socket, or empty
  std::string host, port;  // of a TCP socket

  // Throws std::invalid_argument.
  static Address parse(const std::string &text);
  bool is_unix() const { return !path.empty(); }
  std::string text() const;
};

// A listening socket; a unix socket's file goes away with it.
class Listener {
 public:
  // A TCP address outside the loopback interface is refused unless `allow_remote`. A socket file is
  // replaced only when nobody listens on it. Throws std::runtime_error.
  Listener(const Address &address, bool allow_remote);
  ~Listener();
  Listener(const Listener &) = delete;
  Listener &operator=(const Listener &) = delete;

  int descriptor() const { return socket_.get(); }
  // The address with the port that was really taken (port 0 asks for any free one).
  const Address &address() const { return address_; }

 private:
  void listen_unix();
  void listen_tcp(bool allow_remote);

  Address address_;
  wire::FileDescriptor socket_;
  unsigned long socket_file_ = 0;  // inode
};

// Throws when the address is already served, so that a server can notice before it loads a model.
void check_is_free(const Address &address);

}  // namespace runner
