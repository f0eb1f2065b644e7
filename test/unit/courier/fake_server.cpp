#include "fake_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace test {

namespace {

void check(int result, const char *what) {
  if (result < 0) throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
}

std::size_t content_length(const std::string &head) {
  constexpr std::string_view name = "\r\ncontent-length:";
  for (std::size_t at = 0; at + name.size() < head.size(); ++at)
    if (strncasecmp(head.data() + at, name.data(), name.size()) == 0)
      return std::stoul(head.substr(at + name.size()));
  return 0;
}

}  // namespace

Request Connection::read_request() {
  Request request;
  std::string received;
  std::array<char, 65536> buffer;
  std::size_t end = std::string::npos;
  for (;;) {
    if (end == std::string::npos && (end = received.find("\r\n\r\n")) != std::string::npos)
      request.head = received.substr(0, end);
    if (end != std::string::npos && received.size() >= end + 4 + content_length(request.head))
      break;
    ssize_t const got = recv(fd_, buffer.data(), buffer.size(), 0);
    if (got <= 0) return {};
    received.append(buffer.data(), static_cast<std::size_t>(got));
  }
  request.body = received.substr(end + 4);
  return request;
}

bool Connection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t const sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) return false;
    sent_bytes_ += static_cast<std::uint64_t>(sent);
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void Connection::wait_for_data() {
  pollfd waiting{fd_, POLLIN, 0};
  poll(&waiting, 1, -1);
}

void Connection::wait_for_close() {
  std::array<char, 4096> buffer;
  while (recv(fd_, buffer.data(), buffer.size(), 0) > 0) {
  }
}

void Connection::wait_for_hang_up() {
  pollfd waiting{fd_, POLLRDHUP, 0};
  poll(&waiting, 1, -1);
}

void Connection::reset() {
  linger const at_once{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

SocketPath::SocketPath() : folder_("/tmp/atelier-" + std::string(6, 'X')) {
  if (mkdtemp(folder_.data()) == nullptr) throw std::runtime_error("mkdtemp");
  path_ = folder_ + "/s.sock";
}

SocketPath::~SocketPath() {
  unlink(path_.c_str());
  rmdir(folder_.c_str());
}

FakeServer::FakeServer(Script script, Over over) : script_(std::move(script)) {
  if (over == Over::tcp) {
    listener_.reset(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    check(bind(listener_.get(), reinterpret_cast<sockaddr *>(&address), sizeof address), "bind");
    socklen_t length = sizeof address;
    check(getsockname(listener_.get(), reinterpret_cast<sockaddr *>(&address), &length),
          "getsockname");
    port_ = ntohs(address.sin_port);
    url_ = "http://127.0.0.1:" + std::to_string(port_) + "/v1";
  } else {
    listener_.reset(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket_path_.get().copy(address.sun_path, sizeof address.sun_path - 1);
    check(bind(listener_.get(), reinterpret_cast<sockaddr *>(&address), sizeof address), "bind");
    url_ = "unix:" + socket_path_.get() + ":/v1";
  }
  check(listen(listener_.get(), 1024), "listen");
  acceptor_ = std::thread([this] { accept_connections(); });
}

FakeServer::~FakeServer() {
  shutdown(listener_.get(), SHUT_RDWR);
  {
    std::lock_guard const lock(mutex_);
    stopping_ = true;
    for (int const fd : open_)
      shutdown(fd, SHUT_RDWR);
  }
  acceptor_.join();
  for (std::thread &thread : threads_)
    thread.join();
}

void FakeServer::accept_connections() {
  for (;;) {
    int const fd = accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    ++connection_count_;
    std::lock_guard const lock(mutex_);
    open_.push_back(fd);
    if (stopping_) shutdown(fd, SHUT_RDWR);
    threads_.emplace_back([this, fd] { serve(fd); });
  }
}

void FakeServer::serve(int fd) {
  Connection connection(fd);
  script_(connection);
  sent_bytes_ += connection.sent_bytes();
  std::lock_guard const lock(mutex_);
  open_.remove(fd);
  close(fd);
}

std::string response(int status, const std::string &headers, const std::string &body) {
  return "HTTP/1.1 " + std::to_string(status) + " Text\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string json_response(const std::string &body) {
  return response(200, "Content-Type: application/json\r\n", body);
}

FakeServer::Script answer_with(std::string bytes) {
  return [bytes = std::move(bytes)](Connection &connection) {
    connection.read_request();
    connection.send(bytes);
  };
}

}  // namespace test
