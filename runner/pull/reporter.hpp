// Delivers reports, one after the other, on a thread of its own: an upload takes its time, and a
// server that is down comes back; meanwhile the worker computes, and extends its leases.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "runner/pull/back_off.hpp"
#include "runner/pull/door.hpp"

namespace runner::pull {

struct Report {
  std::string attempt_id, token;
  std::string body;
  bool is_success = false;
};

class Reporter {
 public:
  // Called, on the reporter's thread, when nothing more is to be done about an attempt.
  using OnSettled = std::function<void(const std::string &attempt_id)>;

  Reporter(std::unique_ptr<Door> door, const Pace &pace, OnSettled on_settled);
  // Gives up what is not delivered.
  ~Reporter();
  Reporter(const Reporter &) = delete;
  Reporter &operator=(const Reporter &) = delete;

  void send(Report &&report);

 private:
  void run();
  void deliver(Report &report);
  bool try_once(Report &report, BackOff &back_off, int &defects);
  bool pause(std::chrono::milliseconds time);

  const std::unique_ptr<Door> door_;
  const Pace pace_;
  const OnSettled on_settled_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Report> line_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace runner::pull
