#include "wire/channel.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace wire {

namespace {

constexpr std::size_t read_buffer_bytes = std::size_t{64} << 10;
// One receive() stops here, so that a peer that writes without pause cannot starve the caller's
// loop.
constexpr std::size_t max_waiting_bytes = std::size_t{1} << 20;

constexpr std::size_t control_bytes = CMSG_SPACE(max_frame_descriptors * sizeof(int));

std::vector<FileDescriptor> take_descriptors(msghdr &message) {
  std::vector<FileDescriptor> descriptors;
  for (cmsghdr *part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    std::size_t const count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof fd);
      descriptors.emplace_back(fd);
    }
  }
  return descriptors;
}

bool peer_is_gone(int error) noexcept {
  return error == EPIPE || error == ECONNRESET || error == ENOTCONN;
}

}  // namespace

void Channel::send(Frame &&frame) {
  FrameHeader const header = encode_header(frame);
  queued_descriptors_ += frame.descriptors.size();
  queue_.push_back(Outgoing{header, std::move(frame)});
}

bool Channel::flush() {
  congested_ = false;
  while (!queue_.empty()) {
    if (!write_some(queue_.front())) break;
    Outgoing &first = queue_.front();
    if (first.written == frame_header_bytes + first.frame.payload.size()) queue_.pop_front();
  }
  return queue_.empty();
}

// False when the socket takes no more at present.
bool Channel::write_some(Outgoing &outgoing) {
  std::string &payload = outgoing.frame.payload;
  iovec parts[2];
  std::size_t part_count = 0;
  std::size_t const header_written = std::min(outgoing.written, frame_header_bytes);
  std::size_t const payload_written = outgoing.written - header_written;
  if (header_written < frame_header_bytes)
    parts[part_count++] = {outgoing.header.data() + header_written,
                           frame_header_bytes - header_written};
  if (payload_written < payload.size())
    parts[part_count++] = {payload.data() + payload_written, payload.size() - payload_written};

  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = part_count;
  alignas(cmsghdr) char control[control_bytes] = {};
  if (outgoing.written == 0 && !outgoing.frame.descriptors.empty()) {
    std::size_t const bytes = outgoing.frame.descriptors.size() * sizeof(int);
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(bytes);
    cmsghdr *const rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(bytes);
    for (std::size_t i = 0; i < outgoing.frame.descriptors.size(); ++i) {
      int const fd = outgoing.frame.descriptors[i].get();
      std::memcpy(CMSG_DATA(rights) + i * sizeof(int), &fd, sizeof fd);
    }
  }

  ssize_t const written = sendmsg(fd_, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (written >= 0) {
    outgoing.written += static_cast<std::size_t>(written);
    queued_descriptors_ -= outgoing.frame.descriptors.size();
    outgoing.frame.descriptors.clear();  // the kernel has its own references now
    return true;
  }
  if (errno == EINTR) return true;
  if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
  if (errno == ETOOMANYREFS) {
    congested_ = true;
    return false;
  }
  if (!peer_is_gone(errno)) throw std::system_error(errno, std::generic_category(), "sendmsg");
  queue_.clear();
  queued_descriptors_ = 0;
  return false;
}

bool Channel::receive() {
  char buffer[read_buffer_bytes];
  alignas(cmsghdr) char control[control_bytes];
  while (parser_.waiting_bytes() < max_waiting_bytes) {
    iovec part{buffer, sizeof buffer};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    ssize_t const got = recvmsg(fd_, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (got < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return true;
      if (peer_is_gone(errno)) return false;
      throw std::system_error(errno, std::generic_category(), "recvmsg");
    }
    auto descriptors = take_descriptors(message);
    if (got == 0) return false;
    if ((message.msg_flags & MSG_CTRUNC) != 0)
      throw ProtocolError(
          "descriptors were lost: too many in one frame, or this process is out of them");
    parser_.feed_descriptors(std::move(descriptors));
    parser_.feed({buffer, static_cast<std::size_t>(got)});
  }
  return true;
}

}  // namespace wire
