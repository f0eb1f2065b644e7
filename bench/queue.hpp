// A queue to measure: users, one endpoint, jobs by the thousand, and a worker that claims and
// completes them as the dispatcher does, without anything between.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>

#include "bench/database.hpp"

namespace bench {

using Clock = std::chrono::steady_clock;

inline std::string user_id(int number) {
  char out[37];
  std::snprintf(out, sizeof out, "00000000-0000-7000-8000-%012x", number);
  return out;
}

class Queue {
 public:
  Queue(Database &db, int users, int slots) : db_(db) {
    db_.run("create extension if not exists atelier");
    db_.run(
        "insert into auth.users (id, email) select ('00000000-0000-7000-8000-' || "
        "lpad(to_hex(n), 12, '0'))::uuid, n || '@example.org' from generate_series(0, " +
        std::to_string(users) + ") n");
    db_.run("update atelier.endpoints set is_active = false");
    db_.run(
        "insert into atelier.endpoints (provider_id, name, adapter, base_url, max_concurrency, "
        "ambiguity_policy) select id, 'bench', 'openai_images', 'http://192.0.2.1/v1', " +
        std::to_string(slots) +
        ", 'retry' from atelier.api_providers where name = 'atelier-runner'");
  }

  void set_slots(int slots) {
    db_.run("update atelier.endpoints set max_concurrency = " + std::to_string(slots) +
            " where name = 'bench'");
  }

  // As queue_job() does it, one after the other.
  void submit(const std::string &user, int jobs) {
    db_.run("select set_config('request.jwt.claims', '{\"sub\":\"" + user +
            "\",\"role\":\"service_role\"}', false)");
    db_.run("select count(atelier.queue_job('a picture of ' || n)) from generate_series(1, " +
            std::to_string(jobs) + ") n");
  }

  // Claims up to so many jobs; returns how many.
  int claim(int most) {
    return std::stoi(
        db_.run("with c as (insert into claimed select attempt_id, job_id from "
                "atelier_engine.claim_jobs(" +
                std::to_string(most) + ") returning 1) select count(*) from c"));
  }

  // Records success for everything that was claimed, in one transaction, as of a server whose
  // answer is data.
  void complete() {
    db_.run(
        "select atelier_engine.record_successes(array_agg(attempt_id), array_agg(null::jsonb), "
        "array_agg('{\"done\": true}'::jsonb), array_agg('{}'::jsonb), array_agg(now()), "
        "array_agg(now()), "
        "array_agg(now()), array_agg(now())) from claimed having count(*) > 0");
    db_.run("truncate claimed");
  }

  Database &db() { return db_; }

 private:
  Database &db_;
};

}  // namespace bench
