// frame.hpp -- one message on the socket between dispatcher and courier.
//
//   u32 payload length | u8 type | u8 descriptor count | payload        (little endian)
//
// Descriptors travel beside the first byte of their frame (SCM_RIGHTS). The payload is built and
// read with PayloadWriter and PayloadReader, which know the few primitive forms and check every
// bound.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "wire/file_descriptor.hpp"
#include "wire/uuid.hpp"

namespace wire {

inline constexpr std::size_t frame_header_bytes = 6;
inline constexpr std::size_t max_payload_bytes = std::size_t{16} << 20;
inline constexpr std::size_t max_frame_descriptors = 64;

// The peer does not speak our protocol. There is no way to resynchronise: close the connection.
class ProtocolError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Frame {
  std::uint8_t type = 0;
  std::string payload;
  std::vector<FileDescriptor> descriptors;
};

using FrameHeader = std::array<char, frame_header_bytes>;

// Throws ProtocolError if the frame is over a limit, so that the sender learns it and not the
// receiver.
FrameHeader encode_header(const Frame &frame);

// Bytes and descriptors in, frames out. Feed descriptors before the bytes they arrived with.
class FrameParser {
 public:
  void feed_descriptors(std::vector<FileDescriptor> &&descriptors);
  void feed(std::string_view bytes);
  std::optional<Frame> next();

  // Payload bytes of finished frames that nobody has taken yet.
  std::size_t waiting_bytes() const noexcept { return waiting_bytes_; }
  bool in_frame() const noexcept { return !header_.empty(); }

 private:
  std::string_view take_header(std::string_view bytes);

  std::string header_;
  Frame current_;
  std::size_t current_length_ = 0;
  std::deque<Frame> finished_;
  std::size_t waiting_bytes_ = 0;
  std::deque<FileDescriptor> unclaimed_;
};

class PayloadWriter {
 public:
  PayloadWriter &u8(std::uint8_t value);
  PayloadWriter &u16(std::uint16_t value);
  PayloadWriter &u32(std::uint32_t value);
  PayloadWriter &u64(std::uint64_t value);
  PayloadWriter &i64(std::int64_t value);
  PayloadWriter &f64(double value);
  PayloadWriter &boolean(bool value);
  PayloadWriter &string(std::string_view value);
  PayloadWriter &uuid(const Uuid &value);
  PayloadWriter &raw(const void *bytes, std::size_t length);
  std::string take() { return std::move(payload_); }

 private:
  std::string payload_;
};

// Every read throws ProtocolError when the payload is too short or the value is not canonical.
class PayloadReader {
 public:
  explicit PayloadReader(std::string_view payload) : rest_(payload) {}
  std::uint8_t u8();
  std::uint16_t u16();
  std::uint32_t u32();
  std::uint64_t u64();
  std::int64_t i64();
  double f64();
  bool boolean();
  std::string string();
  std::string text();  // a string that PostgreSQL will accept as text: UTF-8, no NUL
  Uuid uuid();
  void raw(void *bytes, std::size_t length);
  void finish() const;  // nothing may be left

 private:
  std::string_view take(std::size_t length);
  template <typename Integer>
  Integer integer();

  std::string_view rest_;
};

}  // namespace wire
