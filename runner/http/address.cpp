#include "runner/http/address.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <system_error>

namespace runner {
namespace {

constexpr int backlog = 128;
using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

[[noreturn]] void fail(const std::string &what) {
  throw std::system_error(errno, std::generic_category(), what);
}

sockaddr_un unix_address(const std::string &path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    throw std::invalid_argument("the socket path is longer than " +
                                std::to_string(sizeof address.sun_path - 1) + " bytes: " + path);
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

bool somebody_listens(const std::string &path) {
  const wire::FileDescriptor probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe) fail("socket");
  const auto address = unix_address(path);
  if (connect(probe.get(), reinterpret_cast<const sockaddr *>(&address), sizeof address) == 0) {
    return true;
  }
  // EAGAIN: the backlog is full, so somebody listens; only a refusal says that the file is stale.
  return errno != ECONNREFUSED && errno != ENOENT;
}

AddressList resolve(const Address &address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo *found = nullptr;
  const int error = getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &found);
  if (error != 0) throw std::invalid_argument(address.text() + ": " + gai_strerror(error));
  return {found, freeaddrinfo};
}

bool is_loopback(const sockaddr *address) {
  if (address->sa_family == AF_INET) {
    const auto *ipv4 = reinterpret_cast<const sockaddr_in *>(address);
    return ntohl(ipv4->sin_addr.s_addr) >> 24 == 127;
  }
  const auto *ipv6 = reinterpret_cast<const sockaddr_in6 *>(address);
  return address->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&ipv6->sin6_addr);
}

std::string bound_port(int descriptor) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (getsockname(descriptor, reinterpret_cast<sockaddr *>(&bound), &size) != 0)
    fail("getsockname");
  const auto port = bound.ss_family == AF_INET6
                        ? reinterpret_cast<const sockaddr_in6 *>(&bound)->sin6_port
                        : reinterpret_cast<const sockaddr_in *>(&bound)->sin_port;
  return std::to_string(ntohs(port));
}

}  // namespace

Address Address::parse(const std::string &text) {
  Address address;
  if (text.starts_with("unix:") && text.size() > 5) {
    address.path = text.substr(5);
    unix_address(address.path);
    return address;
  }
  const auto colon = text.rfind(':');
  if (text.starts_with("tcp:") && colon > 4 && colon + 1 < text.size()) {
    address.host = text.substr(4, colon - 4);
    address.port = text.substr(colon + 1);
    if (address.host.starts_with('[') && address.host.ends_with(']')) {
      address.host = address.host.substr(1, address.host.size() - 2);
    }
    if (!address.host.empty()) return address;
  }
  throw std::invalid_argument("\"" + text + "\" is not unix:PATH or tcp:HOST:PORT");
}

std::string Address::text() const {
  if (is_unix()) return "unix:" + path;
  const bool is_ipv6 = host.find(':') != host.npos;
  return "tcp:" + (is_ipv6 ? "[" + host + "]" : host) + ":" + port;
}

void check_is_free(const Address &address) {
  struct stat status {};
  if (!address.is_unix() || lstat(address.path.c_str(), &status) != 0) return;
  if (!S_ISSOCK(status.st_mode)) throw std::runtime_error(address.path + " is not a socket");
  if (somebody_listens(address.path)) {
    throw std::runtime_error("somebody already listens on " + address.path);
  }
}

Listener::Listener(const Address &address, bool allow_remote) : address_(address) {
  if (address_.is_unix()) {
    listen_unix();
  } else {
    listen_tcp(allow_remote);
  }
}

Listener::~Listener() {
  struct stat status {};
  // Another server may have replaced the file meanwhile; its file stays.
  if (address_.is_unix() && lstat(address_.path.c_str(), &status) == 0 &&
      status.st_ino == socket_file_) {
    unlink(address_.path.c_str());
  }
}

void Listener::listen_unix() {
  check_is_free(address_);
  unlink(address_.path.c_str());
  socket_.reset(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket_) fail("socket");
  const auto bound = unix_address(address_.path);
  const auto previous = umask(0177);
  const int result = bind(socket_.get(), reinterpret_cast<const sockaddr *>(&bound), sizeof bound);
  umask(previous);
  if (result != 0 || listen(socket_.get(), backlog) != 0) fail(address_.text());
  struct stat status {};
  if (lstat(address_.path.c_str(), &status) == 0) socket_file_ = status.st_ino;
}

void Listener::listen_tcp(bool allow_remote) {
  const auto candidates = resolve(address_);
  const auto *chosen = candidates.get();
  if (!allow_remote && !is_loopback(chosen->ai_addr)) {
    throw std::runtime_error(address_.text() +
                             " can be reached from other machines; give a token with --token-file");
  }
  socket_.reset(socket(chosen->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket_) fail("socket");
  const int yes = 1;
  setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(socket_.get(), chosen->ai_addr, chosen->ai_addrlen) != 0 ||
      listen(socket_.get(), backlog) != 0) {
    fail(address_.text());
  }
  address_.port = bound_port(socket_.get());
}

}  // namespace runner
