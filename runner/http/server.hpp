// Accepts connections and runs each on a thread of its own, which hands its requests to the
// handler.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <thread>

#include "runner/http/address.hpp"
#include "runner/http/connection.hpp"
#include "runner/http/message.hpp"

namespace runner {

class HttpServer {
 public:
  // May throw ClientGone; any other exception becomes status 500.
  using Handler = std::function<HttpResponse(const HttpRequest &, Client &)>;
  // The body of an answer to a request that was not understood.
  using ErrorFormat = std::function<HttpResponse(int status, const std::string &message)>;

  HttpServer(const Listener &listener, Handler handler, ErrorFormat format_error,
             const HttpLimits &limits);
  ~HttpServer();
  HttpServer(const HttpServer &) = delete;
  HttpServer &operator=(const HttpServer &) = delete;

  // Accepts no more, ends idle connections, and waits for the answers under way.
  void stop();

 private:
  struct Worker {
    std::thread thread;
    std::atomic<bool> finished = false;
  };

  void accept_all();
  void accept_one();
  void reap_finished();
  void serve(wire::FileDescriptor socket);
  bool serve_one(Connection &connection);

  const Listener &listener_;
  const Handler handler_;
  const ErrorFormat format_error_;
  const HttpLimits limits_;
  wire::FileDescriptor stop_event_;
  std::list<std::unique_ptr<Worker>> workers_;  // of the accepting thread
  std::thread acceptor_;
};

}  // namespace runner
