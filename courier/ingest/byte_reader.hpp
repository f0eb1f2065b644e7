// byte_reader.hpp -- reading a finished file front to back, with every bound checked in one place.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string_view>

namespace courier::ingest {

// What is wrong with a file, as a phrase that follows its name: "a PNG that ends at byte 20 of 33".
class MediaError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class EndOfMedia : public MediaError {
 public:
  EndOfMedia() : MediaError("a truncated file") {}
};

class ByteReader {
 public:
  explicit ByteReader(std::uint64_t size) noexcept : size_(size) {}
  ByteReader(const ByteReader &) = delete;
  ByteReader &operator=(const ByteReader &) = delete;
  virtual ~ByteReader() = default;

  std::uint64_t size() const noexcept { return size_; }
  std::uint64_t position() const noexcept { return buffer_offset_ + next_; }
  std::uint64_t remaining() const noexcept { return size_ - position(); }

  std::uint8_t u8();
  std::uint32_t big_endian(std::size_t bytes);     // up to four
  std::uint32_t little_endian(std::size_t bytes);  // up to four
  std::uint64_t big_endian_u64();
  // Between one byte and max_bytes, valid until the next call.
  std::string_view some(std::uint64_t max_bytes);
  // Exactly count bytes, at most max_block_bytes.
  std::string_view block(std::size_t count);
  void skip(std::uint64_t count);
  void rewind() noexcept;

  static constexpr std::size_t max_block_bytes = 256;

 protected:
  // Fills the buffer from that offset on; returns how much there was.
  virtual std::size_t read_at(std::uint64_t offset, char *buffer, std::size_t count) = 0;

 private:
  void refill();

  std::uint64_t const size_;
  std::array<char, std::size_t{16} << 10> buffer_{};
  std::uint64_t buffer_offset_ = 0;
  std::size_t next_ = 0;
  std::size_t filled_ = 0;
};

class FileReader : public ByteReader {
 public:
  FileReader(int fd, std::uint64_t size) noexcept : ByteReader(size), fd_(fd) {}

 private:
  std::size_t read_at(std::uint64_t offset, char *buffer, std::size_t count) override;

  int const fd_;
};

class MemoryReader : public ByteReader {
 public:
  explicit MemoryReader(std::string_view bytes) noexcept
      : ByteReader(bytes.size()), bytes_(bytes) {}

 private:
  std::size_t read_at(std::uint64_t offset, char *buffer, std::size_t count) override;

  std::string_view const bytes_;
};

}  // namespace courier::ingest
