#include "runner/pull/reporter.hpp"

#include <utility>

#include "runner/pull/calls.hpp"
#include "runner/pull/log.hpp"

namespace runner::pull {
namespace {

constexpr int most_defects = 5;
constexpr int too_large = 413;

// What is not accepted as a result is a failure of the job: without it the job would be with this
// worker until its lease runs out.
Report as_failure(const Report &refused, const DoorError &error) {
  const auto *error_class = error.status == too_large ? "too_large" : "internal";
  return {refused.attempt_id, refused.token,
          failure_report(refused.token, error_class,
                         std::string("the result was not accepted: ") + error.what()),
          false};
}

}  // namespace

Reporter::Reporter(std::unique_ptr<Door> door, const Pace &pace, OnSettled on_settled)
    : door_(std::move(door)),
      pace_(pace),
      on_settled_(std::move(on_settled)),
      thread_([this] { run(); }) {}

Reporter::~Reporter() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

void Reporter::send(Report &&report) {
  const std::lock_guard lock(mutex_);
  line_.push_back(std::move(report));
  changed_.notify_all();
}

void Reporter::run() {
  for (;;) {
    Report report;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopped_ || !line_.empty(); });
      if (stopped_) return;
      report = std::move(line_.front());
      line_.pop_front();
    }
    deliver(report);
  }
}

void Reporter::deliver(Report &report) {
  BackOff back_off(pace_);
  int defects = 0;
  while (!try_once(report, back_off, defects)) {
  }
}

// True when the report is settled, or was given up.
bool Reporter::try_once(Report &report, BackOff &back_off, int &defects) {
  try {
    const auto outcome = job_callback(*door_, report.body);
    if (outcome != "completed" && outcome != "failed") {
      log("the report about attempt " + report.attempt_id + " came late: " + outcome);
    }
    on_settled_(report.attempt_id);
    return true;
  } catch (const DoorError &error) {
    if (!back_off.is_failing()) log(std::string("cannot report: ") + error.what());
    const bool is_final = error.trouble == Trouble::refused ||
                          (error.trouble == Trouble::broken && ++defects >= most_defects);
    if (!is_final) return !pause(back_off.next(error.retry_after));
    if (!report.is_success) {
      log("attempt " + report.attempt_id + " is given up: " + error.what());
      on_settled_(report.attempt_id);
      return true;
    }
    report = as_failure(report, error);
    defects = 0;
    return false;
  }
}

// False when it was told to stop meanwhile.
bool Reporter::pause(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, time, [this] { return stopped_; });
}

}  // namespace runner::pull
