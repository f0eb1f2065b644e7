#include "wire/channel.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "wire/messages.hpp"

namespace {

using wire::Channel;
using wire::FileDescriptor;
using wire::Frame;

struct Ends {
  FileDescriptor left;
  FileDescriptor right;
};

Ends make_ends() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    throw std::runtime_error("socketpair");
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

Frame make_frame(std::uint8_t type, std::string payload) {
  Frame frame;
  frame.type = type;
  frame.payload = std::move(payload);
  return frame;
}

FileDescriptor file_with(const std::string &text) {
  FileDescriptor file(open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    throw std::runtime_error("write");
  lseek(file.get(), 0, SEEK_SET);
  return file;
}

std::string text_of(const FileDescriptor &file) {
  char buffer[100];
  ssize_t const got = read(file.get(), buffer, sizeof buffer);
  return std::string(buffer, got > 0 ? static_cast<std::size_t>(got) : 0);
}

std::ptrdiff_t open_descriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                       std::filesystem::directory_iterator());
}

TEST(Channel, carries_frames_in_order) {
  Ends const ends = make_ends();
  Channel sender(ends.left.get());
  Channel receiver(ends.right.get());
  sender.send(make_frame(1, "one"));
  sender.send(make_frame(2, ""));
  EXPECT_TRUE(sender.wants_write());
  EXPECT_TRUE(sender.flush());
  EXPECT_FALSE(sender.wants_write());
  EXPECT_TRUE(receiver.receive());
  EXPECT_EQ(receiver.next()->payload, "one");
  EXPECT_EQ(receiver.next()->type, 2);
  EXPECT_FALSE(receiver.next());
}

TEST(Channel, never_blocks_and_resumes_in_the_middle_of_a_frame) {
  Ends const ends = make_ends();
  Channel sender(ends.left.get());
  Channel receiver(ends.right.get());
  std::string payload(std::size_t{12} << 20, ' ');
  for (std::size_t i = 0; i < payload.size(); ++i)
    payload[i] = static_cast<char>(i * 2654435761U >> 13);
  sender.send(make_frame(9, payload));
  int turns = 0;
  while (!sender.flush()) {
    ASSERT_TRUE(sender.wants_write());
    ASSERT_TRUE(receiver.receive());
    ++turns;
  }
  ASSERT_TRUE(receiver.receive());
  EXPECT_GT(turns, 1);
  auto const frame = receiver.next();
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->payload, payload);
}

TEST(Channel, passes_open_files_with_the_frame_they_belong_to) {
  Ends const ends = make_ends();
  Channel sender(ends.left.get());
  Channel receiver(ends.right.get());
  for (int i = 0; i < 5; ++i) {
    sender.send(make_frame(1, "plain"));
    Frame frame = make_frame(2, "with files");
    frame.descriptors.push_back(file_with("a" + std::to_string(i)));
    frame.descriptors.push_back(file_with("b" + std::to_string(i)));
    sender.send(std::move(frame));
  }
  EXPECT_EQ(sender.queued_descriptors(), 10U);
  EXPECT_TRUE(sender.flush());
  EXPECT_EQ(sender.queued_descriptors(), 0U);
  ASSERT_TRUE(receiver.receive());
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(receiver.next()->descriptors.empty());
    auto const frame = receiver.next();
    ASSERT_EQ(frame->descriptors.size(), 2U);
    EXPECT_EQ(text_of(frame->descriptors[0]), "a" + std::to_string(i));
    EXPECT_EQ(text_of(frame->descriptors[1]), "b" + std::to_string(i));
    EXPECT_NE(fcntl(frame->descriptors[0].get(), F_GETFD) & FD_CLOEXEC, 0);
  }
}

TEST(Channel, carries_the_most_descriptors_a_frame_may_have) {
  Ends const ends = make_ends();
  Channel sender(ends.left.get());
  Channel receiver(ends.right.get());
  Frame frame = make_frame(2, "");
  while (frame.descriptors.size() < wire::max_frame_descriptors)
    frame.descriptors.push_back(file_with("x"));
  sender.send(std::move(frame));
  ASSERT_TRUE(sender.flush());
  ASSERT_TRUE(receiver.receive());
  EXPECT_EQ(receiver.next()->descriptors.size(), wire::max_frame_descriptors);
}

TEST(Channel, leaks_no_descriptor) {
  std::ptrdiff_t const before = open_descriptors();
  {
    Ends const ends = make_ends();
    Channel sender(ends.left.get());
    Channel receiver(ends.right.get());
    for (int i = 0; i < 20; ++i) {
      Frame frame = make_frame(2, "");
      frame.descriptors.push_back(file_with("x"));
      sender.send(std::move(frame));
    }
    ASSERT_TRUE(sender.flush());
    ASSERT_TRUE(receiver.receive());
    ASSERT_TRUE(receiver.next());  // the other frames are dropped with their files
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST(Channel, delivers_what_came_before_the_end) {
  Ends ends = make_ends();
  Channel receiver(ends.right.get());
  {
    Channel sender(ends.left.get());
    sender.send(make_frame(1, "last words"));
    sender.flush();
  }
  ends.left.reset();
  EXPECT_FALSE(receiver.receive());
  EXPECT_EQ(receiver.next()->payload, "last words");
}

TEST(Channel, survives_writing_to_a_dead_peer) {
  Ends ends = make_ends();
  Channel sender(ends.left.get());
  ends.right.reset();
  sender.send(make_frame(1, "to nobody"));
  EXPECT_TRUE(sender.flush());
  EXPECT_EQ(sender.queued_frames(), 0U);
  EXPECT_FALSE(sender.receive());
}

TEST(Channel, refuses_an_oversized_frame_when_it_is_queued) {
  Ends const ends = make_ends();
  Channel sender(ends.left.get());
  EXPECT_THROW(sender.send(make_frame(1, std::string(wire::max_payload_bytes + 1, 'x'))),
               wire::ProtocolError);
  EXPECT_FALSE(sender.wants_write());
}

TEST(Channel, pauses_reading_when_frames_pile_up) {
  Ends const ends = make_ends();
  Channel sender(ends.left.get());
  Channel receiver(ends.right.get());
  for (int i = 0; i < 40; ++i)
    sender.send(make_frame(1, std::string(std::size_t{100} << 10, 'x')));
  for (int i = 0; i < 100; ++i) {
    sender.flush();
    ASSERT_TRUE(receiver.receive());
  }
  EXPECT_GT(sender.queued_frames(), 20U);  // nobody took any, so most are still with the sender
  int taken = 0;
  while (taken < 40) {
    sender.flush();
    ASSERT_TRUE(receiver.receive());
    while (receiver.next())
      ++taken;
  }
  EXPECT_TRUE(sender.flush());
}

// The kernel bounds how many descriptors a user may have in flight; only root is exempt.
int fill_with_descriptors_in_flight() {
  if (geteuid() == 0 && setuid(65534) != 0) return 10;
  rlimit const few{40, 200};
  if (setrlimit(RLIMIT_NOFILE, &few) != 0) return 11;
  Ends const ends = make_ends();
  Channel sender(ends.left.get());
  Channel receiver(ends.right.get());
  int sent = 0;
  while (sent < 100 && !sender.congested()) {
    Frame frame = make_frame(2, "");
    while (frame.descriptors.size() < 8)
      frame.descriptors.emplace_back(open("/dev/null", O_RDONLY | O_CLOEXEC));
    sender.send(std::move(frame));
    sender.flush();
    ++sent;
  }
  if (!sender.congested() || sender.wants_write() || sender.queued_frames() != 1) return 12;
  rlimit const enough{200, 200};
  if (setrlimit(RLIMIT_NOFILE, &enough) != 0) return 15;
  // Once there is room again it goes on where it stopped.
  for (int taken = 0; taken < sent;) {
    sender.flush();
    if (!receiver.receive()) return 13;
    for (; receiver.next(); ++taken) {
    }
  }
  return sender.queued_frames() == 0 ? 0 : 14;
}

TEST(Channel, waits_when_the_kernel_holds_too_many_descriptors) {
  EXPECT_EXIT(_exit(fill_with_descriptors_in_flight()), testing::ExitedWithCode(0), "");
}

TEST(Channel, refuses_garbage) {
  Ends const ends = make_ends();
  Channel receiver(ends.right.get());
  ASSERT_EQ(write(ends.left.get(), "GET / HTTP/1.1\r\n", 16), 16);
  EXPECT_THROW(receiver.receive(), wire::ProtocolError);
}

}  // namespace
