#include "courier/ingest/byte_reader.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace courier::ingest {

// Keeps what is unread and reads on behind it.
void ByteReader::refill() {
  std::copy(buffer_.data() + next_, buffer_.data() + filled_, buffer_.data());
  buffer_offset_ += next_;
  filled_ -= next_;
  next_ = 0;
  std::uint64_t const behind = buffer_offset_ + filled_;
  std::uint64_t const wanted = std::min<std::uint64_t>(size_ - behind, buffer_.size() - filled_);
  std::size_t const got =
      read_at(behind, buffer_.data() + filled_, static_cast<std::size_t>(wanted));
  if (got == 0) throw EndOfMedia();
  filled_ += got;
}

std::uint8_t ByteReader::u8() {
  if (next_ == filled_) refill();
  return static_cast<std::uint8_t>(buffer_[next_++]);
}

std::uint32_t ByteReader::big_endian(std::size_t bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i)
    value = (value << 8) | u8();
  return value;
}

std::uint32_t ByteReader::little_endian(std::size_t bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i)
    value |= static_cast<std::uint32_t>(u8()) << (8 * i);
  return value;
}

std::uint64_t ByteReader::big_endian_u64() {
  std::uint64_t const high = big_endian(4);
  return (high << 32) | big_endian(4);
}

std::string_view ByteReader::some(std::uint64_t max_bytes) {
  if (next_ == filled_) refill();
  std::size_t const count =
      static_cast<std::size_t>(std::min<std::uint64_t>(filled_ - next_, max_bytes));
  std::string_view const bytes(buffer_.data() + next_, count);
  next_ += count;
  return bytes;
}

std::string_view ByteReader::block(std::size_t count) {
  if (count > max_block_bytes) throw std::logic_error("a block is larger than the buffer");
  while (filled_ - next_ < count)
    refill();
  std::string_view const bytes(buffer_.data() + next_, count);
  next_ += count;
  return bytes;
}

void ByteReader::skip(std::uint64_t count) {
  if (count > remaining()) throw EndOfMedia();
  if (count <= filled_ - next_) {
    next_ += static_cast<std::size_t>(count);
    return;
  }
  buffer_offset_ = position() + count;
  next_ = 0;
  filled_ = 0;
}

void ByteReader::rewind() noexcept {
  buffer_offset_ = 0;
  next_ = 0;
  filled_ = 0;
}

std::size_t FileReader::read_at(std::uint64_t offset, char *buffer, std::size_t count) {
  for (;;) {
    ssize_t const got = pread(fd_, buffer, count, static_cast<off_t>(offset));
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR)
      throw std::system_error(errno, std::generic_category(), "cannot read a spool file");
  }
}

std::size_t MemoryReader::read_at(std::uint64_t offset, char *buffer, std::size_t count) {
  return bytes_.copy(buffer, count, static_cast<std::size_t>(offset));
}

}  // namespace courier::ingest
