// A worker that claims its jobs itself: claims while it has room, computes one job at a time, says
// meanwhile that it is alive, and reports. It ends when it is told to, or when the door refuses it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "runner/pull/back_off.hpp"
#include "runner/pull/calls.hpp"
#include "runner/pull/hand.hpp"
#include "runner/pull/reporter.hpp"
#include "runner/service/work_queue.hpp"
#include "wire/file_descriptor.hpp"

namespace runner::pull {

struct Result {
  nlohmann::json outputs, metadata;
};

// Thrown by a Maker that cannot make what a job asks for.
class MakeError : public std::runtime_error {
 public:
  MakeError(std::string its_class, const std::string &message)
      : std::runtime_error(message), error_class(std::move(its_class)) {}
  std::string error_class;  // as in default_retry_policies
};

// Runs on a thread of its own. Nothing: it was cancelled.
using IsCancelled = std::function<bool()>;
using OnProgress = std::function<void(double)>;
using Maker =
    std::function<std::optional<Result>(const Claim &, const IsCancelled &, const OnProgress &)>;
using OpenDoor = std::function<std::unique_ptr<Door>()>;

// Registers, however long the server takes to come back. Throws DoorError when it is refused.
std::string register_patiently(Door &door, const Registration &registration, const Pace &pace);

class Worker {
 public:
  struct Options {
    std::string worker_id;
    Registration registration;
    Pace pace = {};
  };

  // The stop descriptor is an eventfd: once told to, the worker finishes what it computes and gives
  // the rest back; told again, it gives back everything.
  Worker(Options options, const OpenDoor &open_door, Maker make, std::function<void()> enter_thread,
         int stop_descriptor);

  // False when something could not be delivered before the end. Throws DoorError when it is
  // refused.
  bool run();

 private:
  using Clock = std::chrono::steady_clock;

  void look_after_jobs();
  void beat();
  void claim();
  void take(Claim &&claim);
  void compute(HeldJob &job, const Ticket &ticket);
  std::string report_of(HeldJob &job, const Ticket &ticket, bool &is_success);
  void settle(const std::string &attempt_id);

  bool is_over() const;
  bool has_room() const;
  void drop(const std::string &attempt_id);
  void give_back(bool also_what_runs);
  void begin_stop(const std::string &why);
  void on_trouble(const DoorError &error);
  void on_answer();
  void wait();
  Clock::time_point next_action() const;

  const Options options_;
  const Maker make_;
  const int stop_descriptor_;
  const std::unique_ptr<Door> door_;
  const wire::FileDescriptor changed_;  // something was settled: there is room
  Hand hand_;
  Reporter reporter_;
  WorkQueue queue_;  // its thread uses the reporter and must end first

  BackOff back_off_;
  std::string worker_id_;
  Clock::time_point not_before_, next_claim_, next_beat_;
  std::optional<Clock::time_point> farewell_until_;  // when told to stop: how long it delivers
  bool claim_is_unclear_ = false;  // the answer was lost: there may be jobs that nobody works at
  std::optional<DoorError> refusal_;
};

}  // namespace runner::pull
