// What a worker says to the database and hears from it, as values. The functions are described in
// docs/pull-workers.md.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "runner/pull/door.hpp"

namespace runner::pull {

struct Registration {
  std::string name, provider;
  std::vector<std::string> models;
  int64_t max_jobs = 1;
};

struct Claim {
  std::string attempt_id;
  std::string token;  // the right to report about this attempt
  std::string model;
  nlohmann::json parameters;
  std::chrono::milliseconds lease{};
};

struct Beat {
  std::string attempt_id;
  double progress = 0;  // 0 to 1
};

struct Verdict {
  std::string attempt_id;
  bool stop = false;
};

// All throw DoorError; an answer that cannot be understood is a broken one.

// Returns the worker's id. What it was working at is settled.
std::string register_worker(Door &door, const Registration &registration);
std::vector<Claim> claim_jobs(Door &door, const std::string &worker_id, size_t max_jobs);
std::vector<Verdict> heartbeat_jobs(Door &door, const std::string &worker_id,
                                    const std::vector<Beat> &beats);
// Returns the outcome. The report is one of those below.
std::string job_callback(Door &door, const std::string &report);

std::string success_report(const std::string &token, nlohmann::json &&outputs,
                           nlohmann::json &&metadata);
std::string failure_report(const std::string &token, const std::string &error_class,
                           const std::string &message);

}  // namespace runner::pull
