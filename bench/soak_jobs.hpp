// The jobs of bench/soak: who queues them, who decides about held ones, and what became of them.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include "bench/paid_provider.hpp"
#include "bench/session.hpp"

namespace bench {

constexpr int users = 20;

// Every twentieth job goes to the local runner, which is free; the others have to be paid for.
constexpr bool is_free(int job) { return job % 20 == 0; }

// A database with the extension, the provider as an endpoint that must not be asked twice, users.
void set_up(Database &db, const std::string &url);

// Queues the jobs 1 to count, evenly over the time. A commit whose outcome nobody knows, because
// the server died in it, is repeated with the same idempotency key.
class Submitter {
 public:
  Submitter(int count, std::chrono::seconds time) : ids_(count + 1), time_(time) {}
  void run();
  // The id that queue_job() gave for each, by number from 1.
  const std::vector<std::string> &ids() const { return ids_; }

 private:
  std::vector<std::string> ids_;
  std::chrono::seconds const time_;
};

// Decides about held jobs as a person would, by the books of the provider: what was carried out is
// completed with the picture that the provider has, what never arrived is tried again.
class Operator {
 public:
  explicit Operator(const PaidProvider &provider) : provider_(provider) {}
  void run();
  void stop() { stopping_ = true; }
  int completed() const { return completed_; }
  int retried() const { return retried_; }

 private:
  void decide_all();

  const PaidProvider &provider_;
  Session session_;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> completed_ = 0;
  std::atomic<int> retried_ = 0;
};

struct Verdict {
  int completed = 0;
  int failed = 0;
  int lost = 0;        // accepted, and not there any more
  int stuck = 0;       // not finished, or left in the queue
  int paid_twice = 0;  // the provider was asked more than once
  int unpaid = 0;      // completed, and the provider was never asked
  int done_twice = 0;  // two results, two pictures, or two events
  int mixed_up = 0;    // with the picture of another job
  int attempts = 0;
  int ambiguous = 0;
  int failures = 0;

  bool good(int jobs) const {
    return completed == jobs &&
           failed + lost + stuck + paid_twice + unpaid + done_twice + mixed_up == 0;
  }
};

// Waits until nothing is left to do, then counts.
Verdict judge(const Submitter &submitter, const PaidProvider &provider);

}  // namespace bench
