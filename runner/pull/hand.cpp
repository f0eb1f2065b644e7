#include "runner/pull/hand.hpp"

#include <utility>

namespace runner::pull {

void Hand::add(Job job) {
  const std::lock_guard lock(mutex_);
  auto attempt_id = job->claim.attempt_id;
  jobs_.emplace(std::move(attempt_id), std::move(job));
}

void Hand::remove(const std::string &attempt_id) {
  const std::lock_guard lock(mutex_);
  jobs_.erase(attempt_id);
}

Hand::Job Hand::find(const std::string &attempt_id) const {
  const std::lock_guard lock(mutex_);
  const auto found = jobs_.find(attempt_id);
  return found == jobs_.end() ? nullptr : found->second;
}

std::vector<Hand::Job> Hand::jobs() const {
  const std::lock_guard lock(mutex_);
  std::vector<Job> all;
  for (const auto &[attempt_id, job] : jobs_)
    all.push_back(job);
  return all;
}

size_t Hand::size() const {
  const std::lock_guard lock(mutex_);
  return jobs_.size();
}

}  // namespace runner::pull
