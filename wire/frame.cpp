#include "wire/frame.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "wire/text.hpp"

namespace wire {

namespace {

template <typename Integer>
void append_little_endian(std::string &out, Integer value) {
  for (std::size_t i = 0; i < sizeof(Integer); ++i)
    out += static_cast<char>((value >> (8 * i)) & 0xFF);
}

template <typename Integer>
Integer read_little_endian(std::string_view bytes) {
  Integer value = 0;
  for (std::size_t i = 0; i < sizeof(Integer); ++i)
    value |=
        static_cast<Integer>(static_cast<Integer>(static_cast<unsigned char>(bytes[i])) << (8 * i));
  return value;
}

}  // namespace

FrameHeader encode_header(const Frame &frame) {
  if (frame.payload.size() > max_payload_bytes)
    throw ProtocolError("a frame of " + std::to_string(frame.payload.size()) +
                        " bytes is over the limit");
  if (frame.descriptors.size() > max_frame_descriptors)
    throw ProtocolError("a frame with " + std::to_string(frame.descriptors.size()) +
                        " descriptors is over the limit");
  std::string bytes;
  append_little_endian(bytes, static_cast<std::uint32_t>(frame.payload.size()));
  bytes += static_cast<char>(frame.type);
  bytes += static_cast<char>(frame.descriptors.size());
  FrameHeader header{};
  std::copy(bytes.begin(), bytes.end(), header.begin());
  return header;
}

void FrameParser::feed_descriptors(std::vector<FileDescriptor> &&descriptors) {
  for (FileDescriptor &descriptor : descriptors)
    unclaimed_.push_back(std::move(descriptor));
  descriptors.clear();
}

void FrameParser::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    if (header_.size() < frame_header_bytes) {
      bytes = take_header(bytes);
      if (header_.size() < frame_header_bytes) return;
    }
    std::size_t const missing = current_length_ - current_.payload.size();
    std::size_t const taken = std::min(missing, bytes.size());
    current_.payload.append(bytes.substr(0, taken));
    bytes.remove_prefix(taken);
    if (taken < missing) break;
    waiting_bytes_ += current_.payload.size();
    finished_.push_back(std::exchange(current_, Frame{}));
    header_.clear();
  }
  // Descriptors come with the first byte of their frame: past its header, none may be left over.
  if (!unclaimed_.empty() && (header_.empty() || header_.size() == frame_header_bytes))
    throw ProtocolError("descriptors arrived that no frame announces");
}

std::string_view FrameParser::take_header(std::string_view bytes) {
  std::size_t const taken = std::min(frame_header_bytes - header_.size(), bytes.size());
  header_.append(bytes.substr(0, taken));
  bytes.remove_prefix(taken);
  if (header_.size() < frame_header_bytes) return bytes;

  current_length_ = read_little_endian<std::uint32_t>(header_);
  if (current_length_ > max_payload_bytes)
    throw ProtocolError("the peer announces a frame of " + std::to_string(current_length_) +
                        " bytes");
  current_.type = static_cast<std::uint8_t>(header_[4]);
  std::size_t const count = static_cast<unsigned char>(header_[5]);
  if (count > max_frame_descriptors)
    throw ProtocolError("the peer announces " + std::to_string(count) +
                        " descriptors in one frame");
  if (count > unclaimed_.size())
    throw ProtocolError("a frame announces " + std::to_string(count) + " descriptors, " +
                        std::to_string(unclaimed_.size()) + " arrived");
  for (std::size_t i = 0; i < count; ++i) {
    current_.descriptors.push_back(std::move(unclaimed_.front()));
    unclaimed_.pop_front();
  }
  return bytes;
}

std::optional<Frame> FrameParser::next() {
  if (finished_.empty()) return std::nullopt;
  Frame frame = std::move(finished_.front());
  finished_.pop_front();
  waiting_bytes_ -= frame.payload.size();
  return frame;
}

PayloadWriter &PayloadWriter::u8(std::uint8_t value) {
  payload_ += static_cast<char>(value);
  return *this;
}

PayloadWriter &PayloadWriter::u16(std::uint16_t value) {
  append_little_endian(payload_, value);
  return *this;
}

PayloadWriter &PayloadWriter::u32(std::uint32_t value) {
  append_little_endian(payload_, value);
  return *this;
}

PayloadWriter &PayloadWriter::u64(std::uint64_t value) {
  append_little_endian(payload_, value);
  return *this;
}

PayloadWriter &PayloadWriter::i64(std::int64_t value) {
  return u64(static_cast<std::uint64_t>(value));
}

PayloadWriter &PayloadWriter::f64(double value) { return u64(std::bit_cast<std::uint64_t>(value)); }

PayloadWriter &PayloadWriter::boolean(bool value) { return u8(value ? 1 : 0); }

PayloadWriter &PayloadWriter::string(std::string_view value) {
  if (value.size() > max_payload_bytes)
    throw ProtocolError("a string of " + std::to_string(value.size()) +
                        " bytes does not fit a frame");
  u32(static_cast<std::uint32_t>(value.size()));
  payload_ += value;
  return *this;
}

PayloadWriter &PayloadWriter::uuid(const Uuid &value) {
  return raw(value.bytes.data(), value.bytes.size());
}

PayloadWriter &PayloadWriter::raw(const void *bytes, std::size_t length) {
  payload_.append(static_cast<const char *>(bytes), length);
  return *this;
}

std::string_view PayloadReader::take(std::size_t length) {
  if (length > rest_.size()) throw ProtocolError("a message ends too early");
  std::string_view const bytes = rest_.substr(0, length);
  rest_.remove_prefix(length);
  return bytes;
}

template <typename Integer>
Integer PayloadReader::integer() {
  return read_little_endian<Integer>(take(sizeof(Integer)));
}

std::uint8_t PayloadReader::u8() { return integer<std::uint8_t>(); }
std::uint16_t PayloadReader::u16() { return integer<std::uint16_t>(); }
std::uint32_t PayloadReader::u32() { return integer<std::uint32_t>(); }
std::uint64_t PayloadReader::u64() { return integer<std::uint64_t>(); }
std::int64_t PayloadReader::i64() { return static_cast<std::int64_t>(u64()); }
double PayloadReader::f64() { return std::bit_cast<double>(u64()); }

bool PayloadReader::boolean() {
  std::uint8_t const value = u8();
  if (value > 1) throw ProtocolError("a boolean is neither 0 nor 1");
  return value == 1;
}

std::string PayloadReader::string() {
  std::uint32_t const length = u32();
  return std::string(take(length));
}

std::string PayloadReader::text() {
  std::string value = string();
  if (!is_database_text(value)) throw ProtocolError("a text is not valid UTF-8 without NUL");
  return value;
}

Uuid PayloadReader::uuid() {
  Uuid value;
  raw(value.bytes.data(), value.bytes.size());
  return value;
}

void PayloadReader::raw(void *bytes, std::size_t length) {
  std::string_view const source = take(length);
  std::memcpy(bytes, source.data(), length);
}

void PayloadReader::finish() const {
  if (!rest_.empty()) throw ProtocolError(std::to_string(rest_.size()) + " bytes trail a message");
}

}  // namespace wire
