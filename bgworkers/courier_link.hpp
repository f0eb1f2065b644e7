// The dispatcher's end of its courier: the process, the frames to and from it, and the one wait in
// which latch, postmaster and courier can all wake the dispatcher.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bgworkers/child_process.hpp"
#include "bgworkers/worker_loop.hpp"
#include "wire/channel.hpp"
#include "wire/messages.hpp"

extern "C" {
#include "storage/latch.h"
}

namespace bgworkers {

class CourierLink {
 public:
  explicit CourierLink(shared::Child &place) : place_(place) {}
  ~CourierLink();
  CourierLink(const CourierLink &) = delete;
  CourierLink &operator=(const CourierLink &) = delete;

  // Starts a courier if there is none and its back-off is over. True while one runs.
  bool keep_running();
  bool running() const noexcept { return process_ != nullptr; }

  void send(wire::Frame &&frame) { channel_->send(std::move(frame)); }
  void flush() { (void)channel_->flush(); }  // what the socket does not take now, wait() sends

  // Sleeps until the latch is set, the courier speaks or takes more, the postmaster dies (then it
  // exits) or the time is over; serves interrupts; then reads and writes what is possible.
  // Says in words how the courier ended if it did: all that was in flight there is lost.
  std::optional<std::string> wait(std::chrono::milliseconds timeout);

  // True when the latch was set since the last call.
  bool take_woken() noexcept { return std::exchange(woken_, false); }

  std::vector<wire::Message> take_messages() { return std::exchange(messages_, {}); }

  // When a new courier may be started; in the past while one runs.
  Clock::time_point restart_at() const noexcept { return back_off_.not_before(); }

 private:
  bool exchange_frames();  // false: the courier is gone
  std::string drop(const std::string &why);
  void accept(wire::Message &&message);

  shared::Child &place_;
  std::unique_ptr<ChildProcess> process_;
  std::unique_ptr<wire::Channel> channel_;
  WaitEventSet *waits_ = nullptr;
  int socket_event_ = -1;
  bool woken_ = false;
  std::vector<wire::Message> messages_;
  BackOff back_off_;
};

}  // namespace bgworkers
