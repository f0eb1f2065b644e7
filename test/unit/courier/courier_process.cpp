#include "courier_process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

extern char **environ;

namespace test {

namespace {

wire::Uuid fresh_id() {
  static std::uint32_t count = 0;
  ++count;
  wire::Uuid id;
  std::memcpy(id.bytes.data() + 12, &count, sizeof count);
  return id;
}

}  // namespace

CourierProcess::Child CourierProcess::start(const std::string &limits) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    throw std::runtime_error("socketpair");
  wire::FileDescriptor ours(ends[0]);
  wire::FileDescriptor const theirs(ends[1]);
  std::string shell = "sh";
  std::string option = "-c";
  std::string script = limits + "; exec \"$0\" \"$@\"";
  std::string program = ATELIER_COURIER;
  std::string flag = "--spool";
  std::string folder = testing::TempDir();
  std::array<char *, 7> arguments = {shell.data(), option.data(), script.data(), program.data(),
                                     flag.data(),  folder.data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, theirs.get(), STDIN_FILENO);
  pid_t pid = 0;
  int const error = posix_spawn(&pid, "/bin/sh", &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0 || pid <= 1) throw std::runtime_error("posix_spawn");
  return {pid, std::move(ours)};
}

CourierProcess::CourierProcess(const std::string &limits) : CourierProcess(start(limits)) {}

CourierProcess::CourierProcess(Child child)
    : pid_(child.pid), socket_(std::move(child.socket)), channel_(socket_.get()) {}

CourierProcess::~CourierProcess() {
  hang_up();
  if (!exited_) await_exit();
}

std::size_t CourierProcess::resident_kib() const {
  std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::stoul(line.substr(6));
  return 0;
}

std::ptrdiff_t CourierProcess::descriptors() const {
  std::filesystem::directory_iterator const entries("/proc/" + std::to_string(pid_) + "/fd");
  return std::distance(entries, std::filesystem::directory_iterator());
}

wire::Uuid CourierProcess::submit(wire::Submit submit) {
  submit.attempt = fresh_id();
  send(wire::encode(submit));
  return submit.attempt;
}

void CourierProcess::cancel(const wire::Uuid &attempt) {
  send(wire::encode(wire::Cancel{attempt}));
}

void CourierProcess::send(wire::Frame &&frame) {
  channel_.send(std::move(frame));
  while (!channel_.flush()) {
    pollfd waiting{socket_.get(), POLLOUT, 0};
    poll(&waiting, 1, 1000);
  }
}

void CourierProcess::send_bytes(std::string_view bytes) {
  ASSERT_EQ(write(socket_.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
}

bool CourierProcess::pump_until(const std::function<bool()> &condition) {
  auto const deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    auto const left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    // Conditions may also look at the server or at /proc, so look again soon even if no frame
    // comes.
    pollfd waiting{socket_.get(), POLLIN, 0};
    poll(&waiting, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 20)));
    bool const alive = channel_.receive();
    take_frames();
    if (!alive) return condition();
  }
  return true;
}

void CourierProcess::take_frames() {
  while (auto frame = channel_.next()) {
    wire::Message message = wire::decode(std::move(*frame));
    if (auto *const greeting = std::get_if<wire::Hello>(&message)) {
      hello_ = *greeting;
      greeted_ = true;
      continue;
    }
    EXPECT_TRUE(greeted_) << "something came before the hello";
    if (auto *const sent = std::get_if<wire::Sent>(&message)) {
      EXPECT_TRUE(sent_at_.emplace(sent->attempt, sent->at_us).second) << "sent twice";
      EXPECT_FALSE(outcomes_.contains(sent->attempt)) << "sent after the end";
    } else if (auto *const submitted = std::get_if<wire::Submitted>(&message)) {
      EXPECT_TRUE(external_ids_.emplace(submitted->attempt, submitted->external_id).second)
          << "submitted twice";
    } else if (auto *const succeeded = std::get_if<wire::Succeeded>(&message)) {
      EXPECT_TRUE(outcomes_.emplace(succeeded->attempt, std::move(*succeeded)).second)
          << "ended twice";
    } else if (auto *const failed = std::get_if<wire::Failed>(&message)) {
      EXPECT_TRUE(outcomes_.emplace(failed->attempt, std::move(*failed)).second) << "ended twice";
    } else if (auto *const cancelled = std::get_if<wire::Cancelled>(&message)) {
      EXPECT_TRUE(outcomes_.emplace(cancelled->attempt, *cancelled).second) << "ended twice";
    } else if (!std::holds_alternative<wire::Progress>(message) &&
               !std::holds_alternative<wire::Delta>(message)) {
      ADD_FAILURE() << "an unexpected message";
    }
  }
}

void CourierProcess::await_hello() {
  ASSERT_TRUE(pump_until([this] { return greeted_; })) << "no hello";
}

bool CourierProcess::await_sent(const wire::Uuid &attempt) {
  return pump_until([&] { return sent_at_.contains(attempt); });
}

CourierProcess::Outcome CourierProcess::await_outcome(const wire::Uuid &attempt) {
  if (!pump_until([&] { return outcomes_.contains(attempt); })) {
    ADD_FAILURE() << "no outcome";
    return {};
  }
  return std::move(outcomes_.at(attempt));
}

wire::Succeeded CourierProcess::await_success(const wire::Uuid &attempt) {
  Outcome outcome = await_outcome(attempt);
  if (auto *const failed = std::get_if<wire::Failed>(&outcome))
    ADD_FAILURE() << wire::error_class_name(failed->error_class) << ": " << failed->message;
  if (auto *const succeeded = std::get_if<wire::Succeeded>(&outcome)) return std::move(*succeeded);
  ADD_FAILURE() << "not a success";
  return {};
}

wire::Failed CourierProcess::await_failure(const wire::Uuid &attempt) {
  Outcome outcome = await_outcome(attempt);
  if (auto *const failed = std::get_if<wire::Failed>(&outcome)) return std::move(*failed);
  ADD_FAILURE() << "not a failure";
  return {};
}

wire::Cancelled CourierProcess::await_cancelled(const wire::Uuid &attempt) {
  Outcome const outcome = await_outcome(attempt);
  if (auto *const cancelled = std::get_if<wire::Cancelled>(&outcome)) return *cancelled;
  ADD_FAILURE() << "not cancelled";
  return {};
}

void CourierProcess::kill(int signal_number) {
  if (!exited_) ::kill(pid_, signal_number);
}

int CourierProcess::await_exit() {
  auto const deadline = std::chrono::steady_clock::now() + patience;
  int status = 0;
  while (waitpid(pid_, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > deadline) {
      ADD_FAILURE() << "the courier does not exit";
      ::kill(pid_, SIGKILL);
      waitpid(pid_, &status, 0);
      break;
    }
    poll(nullptr, 0, 2);
  }
  exited_ = true;
  exit_status_ = WIFSIGNALED(status) ? 256 + WTERMSIG(status) : WEXITSTATUS(status);
  return exit_status_;
}

wire::Submit make_submit(const std::string &url) {
  wire::Submit submit;
  submit.adapter = "openai_images";
  submit.url = url;
  submit.model = "tiny";
  submit.parameters = R"({"prompt":"a red circle","n":1})";
  submit.connect_timeout_ms = 5000;
  submit.first_byte_timeout_ms = 20000;
  submit.total_timeout_ms = 25000;
  submit.max_output_bytes = std::uint64_t{64} << 20;
  submit.private_network = true;
  return submit;
}

std::string read_all(const wire::FileDescriptor &file) {
  std::string bytes;
  std::array<char, 65536> buffer;
  for (ssize_t got; (got = read(file.get(), buffer.data(), buffer.size())) > 0;)
    bytes.append(buffer.data(), static_cast<std::size_t>(got));
  return bytes;
}

}  // namespace test
