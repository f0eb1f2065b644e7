#include "bench/soak_jobs.hpp"

#include <sstream>
#include <thread>

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;

std::string user_id(int number) {
  char out[37];
  std::snprintf(out, sizeof out, "00000000-0000-7000-8000-%012x", number);
  return out;
}

std::string request_for(int job) {
  std::string const number = std::to_string(job);
  std::string const claims = R"({"sub":")" + user_id(job % users) + R"(","role":"authenticated"})";
  return "set request.jwt.claims = '" + claims +
         "'; select (atelier.queue_job(prompt => 'picture " + number + "', " +
         (is_free(job) ? "parameters => '{\"steps\": 1, \"seed\": " + number + "}'"
                       : std::string("model => 'paid'")) +
         ", idempotency_key => 'soak-" + number + "')).id";
}

int count(Session &session, const std::string &what) {
  return std::stoi(session.run("select count(*) from " + what));
}

void await_the_end(Session &session) {
  auto const deadline = Clock::now() + std::chrono::minutes(5);
  while (Clock::now() < deadline && count(session, "atelier_engine.queue") > 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
}

}  // namespace

void set_up(Database &db, const std::string &url) {
  db.run("create extension atelier");
  for (int user = 0; user < users; ++user)
    db.run("insert into auth.users (id, email) values ('" + user_id(user) + "', '" +
           std::to_string(user) + "@example.org')");
  db.run(
      "insert into atelier.api_providers (name, display_name, auth_scheme) values ('paid', 'Paid', "
      "'none')");
  db.run(
      "insert into atelier.api_models (provider_id, model_key, display_name, modality, "
      "estimated_seconds) select id, 'paid', 'Paid', 'image', 2 from atelier.api_providers where "
      "name = 'paid'");
  db.run(
      "insert into atelier.endpoints (provider_id, name, adapter, base_url, private_network, "
      "max_concurrency, ambiguity_policy) select id, 'paid', 'openai_images', '" +
      url + "', true, 64, 'hold' from atelier.api_providers where name = 'paid'");
  // A free job that is with a process at each of its deaths must not fail for that.
  db.run("alter table atelier.jobs alter max_attempts set default 50");
  db.run("alter system set atelier.max_unfinished_jobs_per_user = 0");
  db.run("select pg_reload_conf()");
}

void Submitter::run() {
  Session session;
  auto const start = Clock::now();
  int const jobs = static_cast<int>(ids_.size()) - 1;
  for (int job = 1; job <= jobs; ++job) {
    std::this_thread::sleep_until(start + job * std::chrono::milliseconds(time_) / jobs);
    ids_[job] = session.run(request_for(job));
  }
}

void Operator::run() {
  while (!stopping_) {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    try {
      decide_all();
    } catch (const std::runtime_error &) {
      // The server is away, or a late answer has decided first.
    }
  }
}

// What the provider has not noted two seconds after the connection was lost will never arrive.
void Operator::decide_all() {
  std::istringstream held(session_.run_once(
      "select string_agg(concat_ws(' ', q.job_id, substr(j.original_prompt, 9)), ' ') from "
      "atelier_engine.queue q join atelier.jobs j on j.id = q.job_id join atelier_engine.attempts "
      "a on a.id = q.attempt_id where q.state = 'held' and a.recorded_at < clock_timestamp() - "
      "interval '2 seconds'"));
  std::string id;
  int job = 0;
  while (held >> id >> job) {
    bool const done = provider_.calls(job) > 0;
    session_.run_once("select (atelier.resolve_held_job('" + id + "', " +
                      (done ? "'completed', outputs => array[decode('" + std::string(paid_picture) +
                                  "', 'base64')]"
                            : "'retry'") +
                      ")).id");
    ++(done ? completed_ : retried_);
  }
}

Verdict judge(const Submitter &submitter, const PaidProvider &provider) {
  Session session;
  await_the_end(session);
  Verdict verdict;
  int const jobs = static_cast<int>(submitter.ids().size()) - 1;
  for (int job = 1; job <= jobs; ++job) {
    bool const there =
        count(session, "atelier.jobs where id = '" + submitter.ids()[job] +
                           "' and idempotency_key = 'soak-" + std::to_string(job) + "'") == 1;
    int const calls = provider.calls(job);
    verdict.lost += there ? 0 : 1;
    verdict.paid_twice += calls > 1 ? 1 : 0;
    verdict.unpaid += !is_free(job) && calls == 0 ? 1 : 0;
  }
  verdict.completed = count(session, "atelier.jobs where status = 'completed'");
  verdict.failed = count(session, "atelier.jobs where status in ('failed', 'cancelled')");
  verdict.stuck = count(session,
                        "(select id from atelier.jobs where completed_at is null union select "
                        "job_id from atelier_engine.queue union select job_id from "
                        "atelier.stuck_jobs) s");
  verdict.done_twice =
      count(session,
            "(select job_id from atelier.generations group by job_id having count(*) <> 1 union "
            "select job_id from atelier.workspace_assets group by job_id having count(*) <> 1 "
            "union select ref from atelier.events group by ref having count(*) <> 1 union select "
            "job_id from atelier_engine.attempts where state = 'succeeded' group by job_id having "
            "count(*) <> 1) t");
  verdict.mixed_up =
      count(session,
            "atelier.workspace_assets a join atelier.jobs j on j.id = a.job_id where "
            "a.generation_seed not in (-1, substr(j.original_prompt, 9)::bigint)");
  verdict.attempts = count(session, "atelier_engine.attempts");
  verdict.ambiguous = count(session, "atelier_engine.attempts where error_class = 'ambiguous'");
  verdict.failures =
      count(session,
            "atelier_engine.attempts where error_class is not null and error_class <> 'ambiguous'");
  return verdict;
}

}  // namespace bench
