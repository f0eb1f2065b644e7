#include "runner/http/connection.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace runner {
namespace {

using std::chrono::steady_clock;

constexpr size_t chunk_bytes = 16 << 10;
constexpr size_t max_drained_bytes = 64 << 20;
constexpr std::chrono::seconds drain_timeout{5};
constexpr std::chrono::seconds send_timeout_at_stop{2};
constexpr std::string_view end_of_head = "\r\n\r\n";

int milliseconds_until(steady_clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
  return static_cast<int>(std::clamp<int64_t>(left.count(), 0, 3'600'000));
}

}  // namespace

Connection::Connection(wire::FileDescriptor socket, int stop_descriptor, const HttpLimits &limits)
    : socket_(std::move(socket)), stop_descriptor_(stop_descriptor), limits_(limits) {}

bool Connection::wait_until_readable(Deadline deadline) const {
  for (;;) {
    pollfd entries[2] = {{socket_.get(), POLLIN, 0}, {stop_descriptor_, POLLIN, 0}};
    const int ready = poll(entries, 2, milliseconds_until(deadline));
    if (ready == 0 || entries[1].revents != 0 || (ready < 0 && errno != EINTR)) return false;
    if (entries[0].revents != 0) return true;
  }
}

// Receives some more; false at the end of the stream, at the deadline, or when the server stops.
bool Connection::fill(Deadline deadline) {
  const auto old_size = buffer_.size();
  for (;;) {
    if (!wait_until_readable(deadline)) return false;
    buffer_.resize(old_size + chunk_bytes);
    const auto count = recv(socket_.get(), buffer_.data() + old_size, chunk_bytes, MSG_DONTWAIT);
    buffer_.resize(old_size + static_cast<size_t>(std::max<ssize_t>(count, 0)));
    if (count > 0) return true;
    if (count == 0 || (errno != EINTR && errno != EAGAIN)) return false;
  }
}

std::optional<HttpRequest> Connection::receive() {
  if (buffer_.empty()) {
    if (!fill(steady_clock::now() + limits_.idle_timeout)) return std::nullopt;
  }
  const auto deadline = steady_clock::now() + limits_.receive_timeout;
  auto end = buffer_.find(end_of_head);
  while (end == buffer_.npos && buffer_.size() <= limits_.max_head_bytes) {
    if (!fill(deadline)) throw ClientGone();
    end = buffer_.find(end_of_head);
  }
  if (end == buffer_.npos || end + end_of_head.size() > limits_.max_head_bytes) {
    throw HttpError(431, "the request head is too large");
  }
  end += end_of_head.size();
  auto request = parse_request_head(std::string_view(buffer_).substr(0, end));
  buffer_.erase(0, end);
  receive_body(request, deadline);
  return request;
}

void Connection::receive_body(HttpRequest &request, Deadline deadline) {
  if (request.content_length > limits_.max_body_bytes) {
    throw HttpError(413, "the request body is larger than " +
                             std::to_string(limits_.max_body_bytes) + " bytes");
  }
  const auto length = static_cast<size_t>(request.content_length);
  if (request.expects_continue && buffer_.size() < length) {
    send_bytes("HTTP/1.1 100 Continue\r\n\r\n", deadline);
  }
  while (buffer_.size() < length) {
    if (!fill(deadline)) throw ClientGone();
  }
  request.body = buffer_.substr(0, length);
  buffer_.erase(0, length);
}

void Connection::send_bytes(std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    const auto count =
        ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) {
      bytes.remove_prefix(static_cast<size_t>(count));
      continue;
    }
    if (errno != EAGAIN && errno != EINTR) throw ClientGone();
    wait_until_writable(deadline);
  }
}

void Connection::wait_until_writable(Deadline &deadline) const {
  pollfd entries[2] = {{socket_.get(), POLLOUT, 0}, {stop_descriptor_, POLLIN, 0}};
  if (poll(entries, 2, milliseconds_until(deadline)) == 0) throw ClientGone();
  if (entries[1].revents == 0 || entries[0].revents != 0) return;
  deadline = std::min(deadline, steady_clock::now() + send_timeout_at_stop);
  if (poll(entries, 1, milliseconds_until(deadline)) == 0) throw ClientGone();
}

void Connection::send(const HttpResponse &response, bool keep_alive, bool with_body) {
  const auto deadline = steady_clock::now() + limits_.send_timeout;
  send_bytes(format_response_head(response, keep_alive), deadline);
  if (with_body) send_bytes(response.body, deadline);
}

bool Connection::wait_for(int descriptor) {
  for (;;) {
    // A request that the client sends ahead is no sign that it has gone; only the end of its stream
    // is.
    pollfd entries[2] = {{descriptor, POLLIN, 0}, {socket_.get(), POLLRDHUP, 0}};
    if (poll(entries, 2, -1) < 0) continue;
    if (entries[0].revents != 0) return true;
    if (entries[1].revents != 0) return false;
  }
}

void Connection::drain() {
  shutdown(socket_.get(), SHUT_WR);
  const auto deadline = steady_clock::now() + drain_timeout;
  size_t drained = 0;
  do {
    drained += buffer_.size();
    buffer_.clear();
  } while (drained < max_drained_bytes && fill(deadline));
}

}  // namespace runner
