#include "runner/http/server.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

namespace runner {

HttpServer::HttpServer(const Listener &listener, Handler handler, ErrorFormat format_error,
                       const HttpLimits &limits)
    : listener_(listener),
      handler_(std::move(handler)),
      format_error_(std::move(format_error)),
      limits_(limits),
      stop_event_(eventfd(0, EFD_CLOEXEC)) {
  if (!stop_event_) throw std::system_error(errno, std::generic_category(), "eventfd");
  acceptor_ = std::thread([this] { accept_all(); });
}

HttpServer::~HttpServer() { stop(); }

void HttpServer::stop() {
  if (!acceptor_.joinable()) return;
  eventfd_write(stop_event_.get(), 1);
  acceptor_.join();
  for (const auto &worker : workers_)
    worker->thread.join();
  workers_.clear();
}

void HttpServer::accept_all() {
  for (;;) {
    pollfd entries[2] = {{listener_.descriptor(), POLLIN, 0}, {stop_event_.get(), POLLIN, 0}};
    if (poll(entries, 2, -1) < 0) continue;
    if (entries[1].revents != 0) return;
    accept_one();
  }
}

void HttpServer::accept_one() {
  wire::FileDescriptor socket(accept4(listener_.descriptor(), nullptr, nullptr, SOCK_CLOEXEC));
  reap_finished();
  if (!socket) {
    // Out of descriptors: the connection stays in the backlog, so without a pause this would spin.
    const bool exhausted =
        errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    pollfd entry{stop_event_.get(), POLLIN, 0};
    if (exhausted) poll(&entry, 1, 100);
    return;
  }
  if (workers_.size() >= limits_.max_connections) {
    auto busy = format_error_(503, "too many connections");
    busy.headers.emplace_back("Retry-After", "1");
    const auto answer = format_response_head(busy, false) + busy.body;
    send(socket.get(), answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return;
  }
  auto &worker = *workers_.emplace_back(std::make_unique<Worker>());
  worker.thread = std::thread([this, &worker, socket = std::move(socket)]() mutable {
    serve(std::move(socket));
    worker.finished = true;
  });
}

void HttpServer::reap_finished() {
  workers_.remove_if([](const auto &worker) {
    if (!worker->finished) return false;
    worker->thread.join();
    return true;
  });
}

void HttpServer::serve(wire::FileDescriptor socket) {
  Connection connection(std::move(socket), stop_event_.get(), limits_);
  try {
    while (serve_one(connection)) {
    }
  } catch (const ClientGone &) {
    // Nobody is left to be told.
  } catch (const std::exception &error) {
    std::fprintf(stderr, "atelier-runner: connection: %s\n", error.what());
  }
}

// False when the connection is over.
bool HttpServer::serve_one(Connection &connection) {
  std::optional<HttpRequest> request;
  try {
    request = connection.receive();
  } catch (const HttpError &error) {
    connection.send(format_error_(error.status(), error.what()), false);
    connection.drain();
    return false;
  }
  if (!request) return false;
  HttpResponse response;
  try {
    response = handler_(*request, connection);
  } catch (const ClientGone &) {
    throw;
  } catch (const std::exception &error) {
    std::fprintf(stderr, "atelier-runner: %s %s: %s\n", request->method.c_str(),
                 request->path.c_str(), error.what());
    response = format_error_(500, "internal error");
  }
  connection.send(response, request->keep_alive, request->method != "HEAD");
  if (!request->keep_alive) connection.drain();
  return request->keep_alive;
}

}  // namespace runner
