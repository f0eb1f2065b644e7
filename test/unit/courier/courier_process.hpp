// courier_process.hpp -- the real atelier-courier, with the test in the dispatcher's place.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "wire/channel.hpp"
#include "wire/messages.hpp"

namespace test {

inline constexpr std::chrono::seconds patience{30};

class CourierProcess {
 public:
  using Outcome = std::variant<std::monostate, wire::Succeeded, wire::Failed, wire::Cancelled>;

  // limits: a shell command that runs before the courier takes the shell's place, for example
  // "ulimit -n 80".
  explicit CourierProcess(const std::string &limits = ":");
  CourierProcess(const CourierProcess &) = delete;
  CourierProcess &operator=(const CourierProcess &) = delete;
  ~CourierProcess();

  pid_t pid() const { return pid_; }
  std::size_t resident_kib() const;
  std::ptrdiff_t descriptors() const;

  // Fills in a fresh attempt id; returns it.
  wire::Uuid submit(wire::Submit submit);
  void cancel(const wire::Uuid &attempt);
  void send(wire::Frame &&frame);
  void send_bytes(std::string_view bytes);

  // Reads frames until it holds; false when patience or the courier ends first.
  bool pump_until(const std::function<bool()> &condition);

  void await_hello();
  bool await_sent(const wire::Uuid &attempt);
  bool has_ended(const wire::Uuid &attempt) const { return outcomes_.contains(attempt); }
  std::size_t ended_count() const { return outcomes_.size(); }
  // Waits for the outcome; the test fails if it is another kind.
  wire::Succeeded await_success(const wire::Uuid &attempt);
  wire::Failed await_failure(const wire::Uuid &attempt);
  wire::Cancelled await_cancelled(const wire::Uuid &attempt);
  Outcome await_outcome(const wire::Uuid &attempt);

  void hang_up() { socket_.reset(); }
  void kill(int signal_number);
  int await_exit();  // the exit status; 256 + signal when it was killed

  const wire::Hello &hello() const { return hello_; }
  const std::map<wire::Uuid, std::int64_t> &sent_at() const { return sent_at_; }
  // What the provider calls each attempt that it has taken.
  const std::map<wire::Uuid, std::string> &external_ids() const { return external_ids_; }

 private:
  struct Child {
    pid_t pid;
    wire::FileDescriptor socket;
  };

  static Child start(const std::string &limits);
  explicit CourierProcess(Child child);
  void take_frames();

  pid_t const pid_;  // always a real process: kill() with -1 would hit every process there is
  wire::FileDescriptor socket_;
  wire::Channel channel_;
  bool exited_ = false;
  int exit_status_ = 0;
  bool greeted_ = false;
  wire::Hello hello_;
  std::map<wire::Uuid, std::int64_t> sent_at_;
  std::map<wire::Uuid, std::string> external_ids_;
  std::map<wire::Uuid, Outcome> outcomes_;
};

// A request for one picture that allows everything a test needs.
wire::Submit make_submit(const std::string &url);

std::string read_all(const wire::FileDescriptor &file);

}  // namespace test
