// One client's connection: requests in, responses out, each within a deadline and bounded in
// memory.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "runner/http/message.hpp"
#include "wire/file_descriptor.hpp"

namespace runner {

struct HttpLimits {
  size_t max_head_bytes = 16 << 10;
  size_t max_body_bytes = 1 << 20;
  std::chrono::milliseconds idle_timeout{75'000};     // between requests
  std::chrono::milliseconds receive_timeout{15'000};  // from a request's first byte to its last
  std::chrono::milliseconds send_timeout{60'000};
  size_t max_connections = 256;
};

// The client went away or is too slow; there is nobody to answer.
class ClientGone : public std::runtime_error {
 public:
  ClientGone() : std::runtime_error("the client has gone") {}
};

// What a handler may ask of its client's connection.
class Client {
 public:
  virtual ~Client() = default;
  // Blocks until the descriptor is readable (true) or the client has closed its connection (false).
  virtual bool wait_for(int descriptor) = 0;
};

class Connection final : public Client {
 public:
  // `stop_descriptor` becomes readable when the server stops: no request is received then, and
  // clients get little time to take their answers.
  Connection(wire::FileDescriptor socket, int stop_descriptor, const HttpLimits &limits);

  // The next request, or nothing when the client has no more. Throws HttpError or ClientGone.
  std::optional<HttpRequest> receive();
  void send(const HttpResponse &response, bool keep_alive, bool with_body = true);
  bool wait_for(int descriptor) override;

  // Before the end of a connection: reads away what the client still sends, because unread input
  // would make the kernel reset the connection and with it an answer that is under way.
  void drain();

 private:
  using Deadline = std::chrono::steady_clock::time_point;

  // False at the deadline, or when the server stops.
  bool wait_until_readable(Deadline deadline) const;
  bool fill(Deadline deadline);
  void wait_until_writable(Deadline &deadline) const;
  void send_bytes(std::string_view bytes, Deadline deadline);
  void receive_body(HttpRequest &request, Deadline deadline);

  wire::FileDescriptor socket_;
  int stop_descriptor_;
  HttpLimits limits_;
  std::string buffer_;  // received, not yet used
};

}  // namespace runner
