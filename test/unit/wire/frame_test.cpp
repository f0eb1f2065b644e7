#include "wire/frame.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace {

using wire::Frame;
using wire::FrameParser;
using wire::ProtocolError;

std::string bytes_of(const Frame &frame) {
  auto const header = wire::encode_header(frame);
  return std::string(header.begin(), header.end()) + frame.payload;
}

Frame make_frame(std::uint8_t type, std::string payload) {
  Frame frame;
  frame.type = type;
  frame.payload = std::move(payload);
  return frame;
}

wire::FileDescriptor null_device() {
  return wire::FileDescriptor(open("/dev/null", O_RDONLY | O_CLOEXEC));
}

std::vector<wire::FileDescriptor> null_devices(std::size_t count) {
  std::vector<wire::FileDescriptor> devices;
  while (devices.size() < count)
    devices.push_back(null_device());
  return devices;
}

TEST(FrameParser, finds_frames_however_the_bytes_are_cut) {
  std::string const bytes = bytes_of(make_frame(1, "first")) + bytes_of(make_frame(2, "")) +
                            bytes_of(make_frame(3, std::string(300, 'x')));
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    FrameParser parser;
    parser.feed(std::string_view(bytes).substr(0, cut));
    parser.feed(std::string_view(bytes).substr(cut));
    ASSERT_EQ(parser.next()->payload, "first") << cut;
    ASSERT_EQ(parser.next()->type, 2) << cut;
    ASSERT_EQ(parser.next()->payload.size(), 300U) << cut;
    ASSERT_FALSE(parser.next()) << cut;
    ASSERT_FALSE(parser.in_frame()) << cut;
    ASSERT_EQ(parser.waiting_bytes(), 0U) << cut;
  }
}

TEST(FrameParser, refuses_an_announced_length_over_the_limit_before_it_arrives) {
  FrameParser parser;
  using namespace std::string_literals;
  EXPECT_THROW(parser.feed("\x01\x00\x00\x01\x01\x00"s), ProtocolError);
}

TEST(FrameParser, hands_descriptors_to_the_frames_that_announce_them) {
  Frame two = make_frame(7, "two");
  two.descriptors = null_devices(2);
  std::string const bytes = bytes_of(make_frame(6, "none")) + bytes_of(two);
  int const first = two.descriptors.front().get();
  FrameParser parser;
  parser.feed_descriptors(std::move(two.descriptors));
  parser.feed(bytes);
  EXPECT_TRUE(parser.next()->descriptors.empty());
  auto const frame = parser.next();
  ASSERT_EQ(frame->descriptors.size(), 2U);
  EXPECT_EQ(frame->descriptors.front().get(), first);
}

TEST(FrameParser, refuses_a_frame_whose_descriptors_did_not_come) {
  Frame frame = make_frame(7, "x");
  frame.descriptors = null_devices(1);
  FrameParser parser;
  EXPECT_THROW(parser.feed(bytes_of(frame)), ProtocolError);
}

TEST(FrameParser, refuses_descriptors_that_no_frame_announces) {
  FrameParser parser;
  parser.feed_descriptors(null_devices(1));
  EXPECT_THROW(parser.feed(bytes_of(make_frame(7, "x"))), ProtocolError);
}

TEST(FrameParser, refuses_more_descriptors_than_a_frame_may_have) {
  using namespace std::string_literals;
  FrameParser parser;
  parser.feed_descriptors(null_devices(65));
  EXPECT_THROW(parser.feed("\x00\x00\x00\x00\x07\x41"s), ProtocolError);
}

TEST(EncodeHeader, refuses_what_the_receiver_would_refuse) {
  EXPECT_THROW(wire::encode_header(make_frame(1, std::string(wire::max_payload_bytes + 1, 'x'))),
               ProtocolError);
  EXPECT_NO_THROW(wire::encode_header(make_frame(1, std::string(wire::max_payload_bytes, 'x'))));
  Frame frame = make_frame(1, "");
  frame.descriptors = null_devices(65);
  EXPECT_THROW(wire::encode_header(frame), ProtocolError);
}

TEST(Payload, returns_every_primitive_as_it_was) {
  wire::Uuid id;
  for (std::size_t i = 0; i < id.bytes.size(); ++i)
    id.bytes[i] = static_cast<std::uint8_t>(i * 17);
  wire::PayloadWriter writer;
  writer.u8(255).u16(65535).u32(4294967295U).u64(std::numeric_limits<std::uint64_t>::max());
  writer.i64(std::numeric_limits<std::int64_t>::min())
      .f64(-0.1)
      .boolean(true)
      .string("t\xC3\xA4xt")
      .uuid(id);
  std::string const payload = writer.take();
  wire::PayloadReader reader(payload);
  EXPECT_EQ(reader.u8(), 255);
  EXPECT_EQ(reader.u16(), 65535);
  EXPECT_EQ(reader.u32(), 4294967295U);
  EXPECT_EQ(reader.u64(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(reader.i64(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(reader.f64(), -0.1);
  EXPECT_TRUE(reader.boolean());
  EXPECT_EQ(reader.text(), "t\xC3\xA4xt");
  EXPECT_EQ(reader.uuid(), id);
  EXPECT_NO_THROW(reader.finish());
}

TEST(Payload, is_little_endian) {
  wire::PayloadWriter writer;
  EXPECT_EQ(writer.u32(0x01020304).take(), "\x04\x03\x02\x01");
}

TEST(Payload, refuses_to_read_past_its_end_or_to_leave_a_rest) {
  wire::PayloadReader short_string(
      std::string_view("\x05\x00\x00\x00"
                       "xyz",
                       7));
  EXPECT_THROW(short_string.string(), ProtocolError);
  wire::PayloadReader rest(std::string_view("\x01\x02", 2));
  EXPECT_EQ(rest.u8(), 1);
  EXPECT_THROW(rest.finish(), ProtocolError);
  EXPECT_THROW(rest.u32(), ProtocolError);
}

TEST(Payload, refuses_values_that_are_not_canonical) {
  wire::PayloadReader boolean(std::string_view("\x02", 1));
  EXPECT_THROW(boolean.boolean(), ProtocolError);
  wire::PayloadReader text(std::string_view("\x01\x00\x00\x00\xFF", 5));
  EXPECT_THROW(text.text(), ProtocolError);
}

TEST(Uuid, prints_as_postgres_does) {
  wire::Uuid id;
  id.bytes = {0x01, 0x8f, 0x00, 0xff, 0x12, 0x34, 0x71, 0x23, 0xab, 0xcd, 1, 2, 3, 4, 5, 6};
  EXPECT_EQ(id.to_string(), "018f00ff-1234-7123-abcd-010203040506");
}

}  // namespace
