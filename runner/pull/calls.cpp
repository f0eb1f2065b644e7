#include "runner/pull/calls.hpp"

#include <utility>

namespace runner::pull {
namespace {

using nlohmann::json;

std::string written(const json &value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

// What is missing, or of another type, is the server's mistake.
template <typename Reader>
auto understood(Function function, const std::string &answer, Reader read) {
  try {
    return read(json::parse(answer));
  } catch (const json::exception &error) {
    throw DoorError(Trouble::broken, std::string("the answer of ") + name_of(function) +
                                         " cannot be understood: " + error.what());
  }
}

}  // namespace

std::string register_worker(Door &door, const Registration &registration) {
  const json request = {{"name", registration.name},       {"provider", registration.provider},
                        {"models", registration.models},   {"max_jobs", registration.max_jobs},
                        {"worker_type", "atelier-runner"}, {"version", ATELIER_VERSION}};
  const auto answer = door.call(Function::register_worker, written(request));
  return understood(Function::register_worker, answer,
                    [](const json &worker) { return worker.at("id").get<std::string>(); });
}

std::vector<Claim> claim_jobs(Door &door, const std::string &worker_id, size_t max_jobs) {
  const auto answer =
      door.call(Function::claim_jobs, written({{"worker_id", worker_id}, {"max_jobs", max_jobs}}));
  return understood(Function::claim_jobs, answer, [](const json &rows) {
    std::vector<Claim> claims;
    for (const auto &row : rows) {
      claims.push_back({row.at("attempt_id"), row.at("token"), row.at("model"),
                        row.at("parameters"),
                        std::chrono::milliseconds(
                            static_cast<int64_t>(1000 * row.at("lease_seconds").get<double>()))});
    }
    return claims;
  });
}

std::vector<Verdict> heartbeat_jobs(Door &door, const std::string &worker_id,
                                    const std::vector<Beat> &beats) {
  json jobs = json::array();
  for (const auto &beat : beats) {
    jobs.push_back({{"attempt_id", beat.attempt_id}});
    if (beat.progress > 0) jobs.back()["progress"] = beat.progress;
  }
  const auto answer = door.call(Function::heartbeat_jobs,
                                written({{"worker_id", worker_id}, {"jobs", std::move(jobs)}}));
  return understood(Function::heartbeat_jobs, answer, [](const json &rows) {
    std::vector<Verdict> verdicts;
    for (const auto &row : rows) {
      verdicts.push_back({row.at("attempt_id"), row.at("action").get<std::string>() == "stop"});
    }
    return verdicts;
  });
}

std::string job_callback(Door &door, const std::string &report) {
  const auto answer = door.call(Function::job_callback, report);
  return understood(Function::job_callback, answer,
                    [](const json &told) { return told.at("outcome").get<std::string>(); });
}

std::string success_report(const std::string &token, json &&outputs, json &&metadata) {
  return written({{"token", token},
                  {"status", "completed"},
                  {"outputs", std::move(outputs)},
                  {"metadata", std::move(metadata)}});
}

std::string failure_report(const std::string &token, const std::string &error_class,
                           const std::string &message) {
  return written({{"token", token},
                  {"status", "failed"},
                  {"error_class", error_class},
                  {"error_message", message}});
}

}  // namespace runner::pull
