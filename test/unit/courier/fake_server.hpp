// fake_server.hpp -- an inference server that misbehaves exactly as a test says.
//
// Listens on loopback or on a unix socket; each connection runs the script in a thread of its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "wire/file_descriptor.hpp"

namespace test {

struct Request {
  std::string head;  // request line and headers, up to the empty line
  std::string body;
};

class Connection {
 public:
  explicit Connection(int fd) : fd_(fd) {}

  // The next request; an empty head when the client has gone.
  Request read_request();
  bool send(std::string_view bytes);  // false when the client has gone
  void wait_for_data();               // reads nothing
  void wait_for_close();
  void wait_for_hang_up();  // the same without reading anything
  void reset();             // the next close tells the client "connection reset by peer"
  std::uint64_t sent_bytes() const { return sent_bytes_; }
  int descriptor() const { return fd_; }

 private:
  int fd_;
  std::uint64_t sent_bytes_ = 0;
};

// A path for a unix socket that no other test run uses.
class SocketPath {
 public:
  SocketPath();
  SocketPath(const SocketPath &) = delete;
  SocketPath &operator=(const SocketPath &) = delete;
  ~SocketPath();
  const std::string &get() const { return path_; }

 private:
  std::string folder_;
  std::string path_;
};

class FakeServer {
 public:
  using Script = std::function<void(Connection &)>;
  enum class Over { tcp, unix_socket };

  explicit FakeServer(Script script, Over over = Over::tcp);
  FakeServer(const FakeServer &) = delete;
  FakeServer &operator=(const FakeServer &) = delete;
  ~FakeServer();  // closes every connection and waits for the scripts

  std::string url() const { return url_; }  // with the base "/v1"
  std::uint16_t port() const { return port_; }
  int connection_count() const { return connection_count_; }
  std::uint64_t sent_bytes() const { return sent_bytes_; }

 private:
  void accept_connections();
  void serve(int fd);

  Script const script_;
  std::string url_;
  SocketPath const socket_path_;
  std::uint16_t port_ = 0;
  wire::FileDescriptor listener_;
  std::atomic<int> connection_count_ = 0;
  std::atomic<std::uint64_t> sent_bytes_ = 0;
  std::mutex mutex_;
  bool stopping_ = false;
  std::list<int> open_;
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

// A complete HTTP response.
std::string response(int status, const std::string &headers, const std::string &body);
std::string json_response(const std::string &body);

// Reads the request, sends these bytes and closes.
FakeServer::Script answer_with(std::string bytes);

}  // namespace test
