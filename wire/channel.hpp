// channel.hpp -- frames over a stream socket, without ever blocking.
//
// The owner of the event loop polls descriptor() for reading always and for writing while
// wants_write(); it calls receive() and takes frames with next(), queues with send() and calls
// flush(). The death of the peer shows in one place only: receive() returns false.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include "wire/frame.hpp"

namespace wire {

class Channel {
 public:
  explicit Channel(int fd) noexcept : fd_(fd) {}  // does not own the socket
  Channel(const Channel &) = delete;
  Channel &operator=(const Channel &) = delete;
  ~Channel() = default;

  int descriptor() const noexcept { return fd_; }

  // Queues; nothing is written before flush(). Throws ProtocolError for a frame over the limits.
  void send(Frame &&frame);

  // Writes what the socket takes. True when nothing is left. If the peer is gone the queue is
  // dropped.
  bool flush();

  // False while the queue is empty, and while congested(): then writability would not tell
  // anything.
  bool wants_write() const noexcept { return !queue_.empty() && !congested_; }

  // The kernel holds too many descriptors in flight. Call flush() again after a short while.
  bool congested() const noexcept { return congested_; }

  std::size_t queued_frames() const noexcept { return queue_.size(); }
  std::size_t queued_descriptors() const noexcept { return queued_descriptors_; }

  // Reads what is there, up to a bound; call it again when the socket is readable. False at the end
  // of the stream (frames that arrived before it can still be taken). Throws ProtocolError.
  bool receive();

  std::optional<Frame> next() { return parser_.next(); }

 private:
  struct Outgoing {
    FrameHeader header;
    Frame frame;
    std::size_t written = 0;
  };

  bool write_some(Outgoing &outgoing);

  int const fd_;
  std::deque<Outgoing> queue_;
  std::size_t queued_descriptors_ = 0;
  bool congested_ = false;
  FrameParser parser_;
};

}  // namespace wire
