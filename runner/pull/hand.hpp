// The jobs that a worker has in hand: from the claim until their report is settled.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "runner/pull/calls.hpp"
#include "runner/service/work_queue.hpp"

namespace runner::pull {

struct HeldJob {
  explicit HeldJob(Claim &&claimed) : claim(std::move(claimed)) {}

  // What becomes of it when its computation ends without a result.
  enum class Fate { finish, drop, give_back };

  const Claim claim;
  std::shared_ptr<Ticket> ticket;  // of the one who claims
  std::atomic<double> progress = 0;
  std::atomic<Fate> fate = Fate::finish;
  std::atomic<bool> reporting = false;  // what is known about it is on its way
};

class Hand {
 public:
  using Job = std::shared_ptr<HeldJob>;

  void add(Job job);
  void remove(const std::string &attempt_id);
  Job find(const std::string &attempt_id) const;
  std::vector<Job> jobs() const;
  size_t size() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Job> jobs_;  // by attempt
};

}  // namespace runner::pull
