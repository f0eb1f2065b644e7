// A door without a server: a queue of jobs, a log of calls, and errors when a test wants them.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "runner/pull/door.hpp"

namespace runner::pull::test {

// What all doors of a test lead to.
class FakeServer {
 public:
  using Answer = std::function<std::string(const nlohmann::json &body)>;

  void queue(const std::string &attempt_id) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(attempt_id);
  }
  void cancel(const std::string &attempt_id) {
    const std::lock_guard lock(mutex_);
    cancelled_.push_back(attempt_id);
  }
  // From now on, the calls of a function meet with an error, or again with none.
  void fail(Function function, std::optional<DoorError> error) {
    const std::lock_guard lock(mutex_);
    errors_.erase(function);
    if (error) errors_.emplace(function, *error);
  }
  // The same for the given number of calls.
  void fail_times(Function function, const DoorError &error, int times) {
    const std::lock_guard lock(mutex_);
    for (int i = 0; i < times; ++i)
      passing_errors_[function].push_back(error);
  }

  int count(Function function) const {
    const std::lock_guard lock(mutex_);
    const auto found = counts_.find(function);
    return found == counts_.end() ? 0 : found->second;
  }
  std::vector<nlohmann::json> reports() const {
    const std::lock_guard lock(mutex_);
    return reports_;
  }
  std::vector<nlohmann::json> beats() const {
    const std::lock_guard lock(mutex_);
    return beats_;
  }

  std::string call(Function function, const nlohmann::json &body) {
    const std::lock_guard lock(mutex_);
    ++counts_[function];
    if (const auto found = errors_.find(function); found != errors_.end())
      throw DoorError(found->second);
    if (auto &passing = passing_errors_[function]; !passing.empty()) {
      const auto error = passing.front();
      passing.pop_front();
      throw DoorError(error);
    }
    switch (function) {
      case Function::register_worker:
        return R"({"id": "worker"})";
      case Function::claim_jobs:
        return claim(body.at("max_jobs"));
      case Function::heartbeat_jobs:
        return heartbeat(body.at("jobs"));
      case Function::job_callback:
        reports_.push_back(body);
        return R"({"outcome": "completed"})";
    }
    return "";
  }

 private:
  std::string claim(size_t most) {
    nlohmann::json rows = nlohmann::json::array();
    for (; rows.size() < most && !waiting_.empty(); waiting_.pop_front()) {
      rows.push_back({{"attempt_id", waiting_.front()},
                      {"token", "token of " + waiting_.front()},
                      {"model", "model"},
                      {"parameters", {{"prompt", waiting_.front()}}},
                      {"lease_seconds", 0.06}});
    }
    return rows.dump();
  }

  std::string heartbeat(const nlohmann::json &jobs) {
    nlohmann::json rows = nlohmann::json::array();
    for (const auto &job : jobs) {
      beats_.push_back(job);
      const bool stop =
          std::find(cancelled_.begin(), cancelled_.end(), job.at("attempt_id")) != cancelled_.end();
      rows.push_back(
          {{"attempt_id", job.at("attempt_id")}, {"action", stop ? "stop" : "continue"}});
    }
    return rows.dump();
  }

  mutable std::mutex mutex_;
  std::deque<std::string> waiting_;
  std::vector<std::string> cancelled_;
  std::map<Function, DoorError> errors_;
  std::map<Function, std::deque<DoorError>> passing_errors_;
  std::map<Function, int> counts_;
  std::vector<nlohmann::json> reports_, beats_;
};

class FakeDoor : public Door {
 public:
  explicit FakeDoor(FakeServer &server) : server_(server) {}
  std::string call(Function function, const std::string &body) override {
    return server_.call(function, nlohmann::json::parse(body));
  }

 private:
  FakeServer &server_;
};

}  // namespace runner::pull::test
