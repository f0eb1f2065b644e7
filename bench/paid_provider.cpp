#include "bench/paid_provider.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <stdexcept>

namespace bench {
namespace {

// The whole of a request; less when the client left before.
std::string read_request(int connection) {
  std::string request;
  std::size_t wanted = std::string::npos;
  std::array<char, 16384> block;
  while (request.size() < wanted) {
    ssize_t const got = recv(connection, block.data(), block.size(), 0);
    if (got <= 0) return {};
    request.append(block.data(), static_cast<std::size_t>(got));
    std::size_t const head = request.find("\r\n\r\n");
    std::size_t const length = request.find("Content-Length: ");
    if (wanted != std::string::npos || head == std::string::npos) continue;
    if (length == std::string::npos) return {};
    wanted = head + 4 + static_cast<std::size_t>(std::atoi(request.c_str() + length + 16));
  }
  return request;
}

void send_all(int connection, const std::string &data) {
  for (std::size_t sent = 0; sent < data.size();) {
    ssize_t const n = send(connection, data.data() + sent, data.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return;
    sent += static_cast<std::size_t>(n);
  }
}

}  // namespace

PaidProvider::PaidProvider(int fastest_ms, int slowest_ms)
    : fastest_ms_(fastest_ms),
      slowest_ms_(slowest_ms),
      listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto *const generic = reinterpret_cast<sockaddr *>(&address);
  if (listener_ < 0 || bind(listener_, generic, length) != 0 || listen(listener_, 1024) != 0 ||
      getsockname(listener_, generic, &length) != 0)
    throw std::runtime_error("the provider cannot listen");
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

PaidProvider::~PaidProvider() {
  stopping_ = true;
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  close(listener_);
  while (open_ > 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

std::string PaidProvider::url() const { return "http://127.0.0.1:" + std::to_string(port_); }

int PaidProvider::calls(int job) const {
  std::lock_guard const lock(mutex_);
  auto const found = calls_.find(job);
  return found == calls_.end() ? 0 : found->second;
}

void PaidProvider::accept_all() {
  while (!stopping_) {
    int const connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    ++open_;
    std::thread([this, connection] {
      serve(connection);
      close(connection);
      --open_;
    }).detach();
  }
}

void PaidProvider::serve(int connection) {
  std::string const request = read_request(connection);
  if (request.empty()) return;
  int const job = note_call(request);
  std::this_thread::sleep_for(std::chrono::milliseconds(answer_time_ms()));
  std::string const body = R"({"data": [{"b64_json": ")" + std::string(paid_picture) +
                           R"(", "seed": )" + std::to_string(job) + "}]}";
  send_all(connection,
           "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
           "Content-Length: " +
               std::to_string(body.size()) + "\r\n\r\n" + body);
}

int PaidProvider::note_call(const std::string &request) {
  constexpr char word[] = "picture ";
  std::size_t const at = request.find(word);
  int const job = at == std::string::npos ? -1 : std::atoi(request.c_str() + at + sizeof word - 1);
  std::lock_guard const lock(mutex_);
  ++calls_[job];
  return job;
}

int PaidProvider::answer_time_ms() {
  std::lock_guard const lock(mutex_);
  return std::uniform_int_distribution<>(fastest_ms_, slowest_ms_)(random_);
}

}  // namespace bench
