// How many jobs a second does the engine carry?
//
// Jobs that ask for nothing are queued while their endpoint is closed; the clock runs from the
// commit that opens it until the last of them is completed. The server is an nginx on the same
// machine, which answers at once. Beside it, in the same run: libcurl alone with as many
// connections to the same server, a bare queue in the same database (claim with SKIP LOCKED, then
// delete and note the result), and pull workers, which claim and report without any HTTP.
#include <curl/curl.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "bench/bare_curl.hpp"
#include "bench/database.hpp"
#include "bench/process.hpp"

namespace {

using bench::Database;
using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr const char *user = "00000000-0000-7000-8000-0000000be9c4";

void wait_until(Database &db, const std::string &condition) {
  auto const deadline = Clock::now() + std::chrono::minutes(5);
  while (db.run("select " + condition) != "t") {
    if (Clock::now() > deadline) throw std::runtime_error("waited in vain for: " + condition);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

void sign_in(Database &db) {
  db.run("set request.jwt.claims = '{\"sub\":\"" + std::string(user) +
         "\",\"role\":\"authenticated\"}'");
}

void set_up(Database &db, const std::string &url) {
  db.run("create extension if not exists atelier");
  db.run(std::string("insert into auth.users (id, email) values ('") + user +
         "', 'bench@example.org')");
  db.run(
      "insert into atelier.api_providers (name, display_name, auth_scheme) values ('bench', "
      "'Benchmark', 'none')");
  db.run(
      "insert into atelier.api_models (provider_id, model_key, display_name, modality, "
      "parameter_schema, estimated_seconds) select id, 'bench', 'Benchmark', 'image', '{\"type\": "
      "\"object\", "
      "\"properties\": {}}', 0.001 from atelier.api_providers where name = 'bench'");
  db.run("update atelier.endpoints set is_active = false");
  db.run(
      "insert into atelier.endpoints (provider_id, name, adapter, base_url, private_network, "
      "max_concurrency, ambiguity_policy) select id, 'bench', 'http_json', '" +
      url + "', true, 10000, 'retry' from atelier.api_providers where name = 'bench'");
  db.run("alter system set atelier.max_unfinished_jobs_per_user = 0");
  db.run("select pg_reload_conf()");
  wait_until(db,
             "exists (select from atelier_engine.worker_processes() where process = 'courier' and "
             "state = 'running')");
  sign_in(db);
}

struct Work {
  int in_flight = 0;
  int jobs = 0;
  double jobs_per_second = 0;
  double backend_us = 0;
  double dispatcher_us = 0;
  double courier_us = 0;
  long dispatcher_kib = 0;
  long courier_kib = 0;
};

void limit_in_flight(Database &db, int in_flight) {
  db.run("alter system set atelier.max_in_flight = " + std::to_string(in_flight));
  db.run("select pg_reload_conf()");
  wait_until(db, "current_setting('atelier.max_in_flight') = '" + std::to_string(in_flight) + "'");
  std::this_thread::sleep_for(std::chrono::milliseconds(200));  // the dispatcher reloads, too
}

void open_endpoint(Database &db, bool is_open) {
  db.run("begin");
  db.run("update atelier.endpoints set is_active = " + std::string(is_open ? "true" : "false") +
         " where name = 'bench'");
  db.run("select atelier_engine.wake_dispatcher()");
  db.run("commit");
}

// Sessions keep plans that were made while the tables were empty: a long one makes them anew.
void queue_jobs(Database &db, int jobs) {
  constexpr int at_once = 500;
  for (int queued = 0; queued < jobs; queued += at_once) {
    db.run(
        "select count(atelier.queue_job(prompt => 'nothing', model => 'bench')) from "
        "generate_series(1, " +
        std::to_string(std::min(at_once, jobs - queued)) + ")");
    db.run("discard plans");
  }
}

// Nothing may be missing, and nothing may be there twice.
void assert_completed(Database &db, int jobs) {
  std::string const counts = db.run(
      "select concat_ws(' ', (select count(*) from atelier.jobs where status = 'completed'), "
      "(select count(*) from atelier.generations where result = '{\"ok\": true}'), "
      "(select count(distinct job_id) from atelier_engine.attempts where state = 'succeeded'), "
      "(select count(*) from atelier.events), (select count(*) from atelier_engine.queue))");
  std::string const n = std::to_string(jobs);
  if (counts != n + " " + n + " " + n + " " + n + " 0")
    throw std::runtime_error("of " + n + " jobs there are: " + counts);
}

void clear(Database &db) {
  db.run(
      "truncate atelier.jobs, atelier.generations, atelier.events, atelier_engine.attempts "
      "cascade");
  db.run("vacuum analyze");
  db.run("checkpoint");
}

Work measure_jobs(Database &db, int in_flight, int jobs) {
  limit_in_flight(db, in_flight);
  std::string const backend = db.run("select pg_backend_pid()");
  std::string const dispatcher =
      db.run("select pid from atelier_engine.worker_processes() where process = 'dispatcher'");
  std::string const courier =
      db.run("select pid from atelier_engine.worker_processes() where process = 'courier'");
  Work out{in_flight, jobs};
  open_endpoint(db, false);
  double const backend_before = bench::cpu_us_of(backend);
  queue_jobs(db, jobs);
  out.backend_us = (bench::cpu_us_of(backend) - backend_before) / jobs;
  double const dispatcher_before = bench::cpu_us_of(dispatcher);
  double const courier_before = bench::cpu_us_of(courier);
  auto const start = Clock::now();
  open_endpoint(db, true);
  do {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    out.dispatcher_kib = std::max(out.dispatcher_kib, bench::private_kib_of(dispatcher));
    out.courier_kib = std::max(out.courier_kib, bench::private_kib_of(courier));
    if (Clock::now() - start > std::chrono::minutes(10))
      throw std::runtime_error("the jobs do not end");
  } while (db.run("select exists (select from atelier_engine.queue)") == "t");
  out.jobs_per_second = jobs / Seconds(Clock::now() - start).count();
  out.dispatcher_us = (bench::cpu_us_of(dispatcher) - dispatcher_before) / jobs;
  out.courier_us = (bench::cpu_us_of(courier) - courier_before) / jobs;
  assert_completed(db, jobs);
  clear(db);
  return out;
}

// A queue as everybody would write it: a claim and a completion, each a transaction.
double measure_bare_queue(Database &db, int jobs, int batch) {
  db.run("create table bare_queue (id bigint primary key, payload jsonb, taken_at timestamptz)");
  db.run("create table bare_result (id bigint primary key, result jsonb, done_at timestamptz)");
  db.run("insert into bare_queue select n, '{\"prompt\": \"nothing\"}' from generate_series(1, " +
         std::to_string(jobs) + ") n");
  db.run("vacuum analyze bare_queue");
  db.run("set enable_seqscan = off");
  auto const start = Clock::now();
  for (;;) {
    std::string const ids = db.run(
        "with next as materialized (select id from bare_queue where taken_at is null order by id "
        "limit " +
        std::to_string(batch) +
        " for update skip locked), taken as (update bare_queue q set taken_at = now() from next n "
        "where q.id = n.id returning q.id) select array_agg(id) from taken");
    if (ids.empty()) break;
    db.run("with done as (delete from bare_queue where id = any ('" + ids +
           "') returning id) insert into bare_result select id, '{\"ok\": true}', now() from done");
  }
  double const rate = jobs / Seconds(Clock::now() - start).count();
  db.run("reset enable_seqscan");
  db.run("drop table bare_queue, bare_result");
  return rate;
}

// tokens are separated by commas.
std::string reports_of(const std::string &tokens) {
  std::string out = "[";
  for (size_t start = 0; start < tokens.size();) {
    size_t const end = std::min(tokens.find(',', start), tokens.size());
    out.append(out.size() > 1 ? "," : "").append(R"({"token":")");
    out.append(tokens, start, end - start);
    out.append(R"(","status":"completed","result":{"ok":true}})");
    start = end + 1;
  }
  return out + "]";
}

// Claims and reports, 500 jobs at a time, until there are none.
void work_off(Database &db, const std::string &worker) {
  db.run("set request.jwt.claims = '{\"role\": \"service_role\"}'");
  for (;;) {
    std::string const tokens =
        db.run("select string_agg(token, ',') from atelier.claim_jobs('" + worker + "', 500)");
    if (tokens.empty()) return;
    db.run("select atelier.job_callback('" + reports_of(tokens) + "')");
  }
}

// Without HTTP: pull workers on connections of their own.
double measure_pull_workers(Database &db, int workers, int jobs) {
  queue_jobs(db, jobs);
  std::vector<std::unique_ptr<Database>> sessions;
  std::vector<std::string> ids;
  db.run("set request.jwt.claims = '{\"role\": \"service_role\"}'");
  for (int i = 0; i < workers; ++i) {
    sessions.push_back(std::make_unique<Database>());
    ids.push_back(db.run("select (atelier.register_worker('bench-" + std::to_string(i) +
                         "', 'bench', max_jobs => 1000)).id"));
  }
  sign_in(db);
  std::atomic<bool> failed = false;
  auto const start = Clock::now();
  std::vector<std::thread> threads;
  for (int i = 0; i < workers; ++i)
    threads.emplace_back([&failed, session = sessions[i].get(), id = ids[i]] {
      try {
        work_off(*session, id);
      } catch (const std::exception &error) {
        std::fprintf(stderr, "dispatch: %s\n", error.what());
        failed = true;
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  double const rate = jobs / Seconds(Clock::now() - start).count();
  if (failed) throw std::runtime_error("a worker failed");
  assert_completed(db, jobs);
  clear(db);
  return rate;
}

void run(const std::string &url, int jobs) {
  Database db;
  set_up(db, url);
  std::printf("%s, PostgreSQL %s, fsync %s, synchronous_commit %s, %s, libcurl %s\n\n",
              std::getenv("NGINX_VERSION"), db.run("show server_version").c_str(),
              db.run("show fsync").c_str(), db.run("show synchronous_commit").c_str(),
              (std::to_string(std::thread::hardware_concurrency()) + " cores").c_str(),
              curl_version_info(CURLVERSION_NOW)->version);
  queue_jobs(db, 200);  // so that plans are made and pages are there
  wait_until(db, "not exists (select from atelier_engine.queue)");
  clear(db);

  std::printf(
      "| in flight |   jobs | jobs/s | of libcurl | us CPU: queue_job | dispatcher | "
      "courier | bare libcurl/s | its us CPU |\n");
  std::printf(
      "|----------:|-------:|-------:|-----------:|------------------:|-----------:|"
      "--------:|---------------:|-----------:|\n");
  Work most;
  for (int const in_flight : {1, 32, 1000}) {
    int const count = in_flight == 1    ? std::max(jobs / 20, 1)
                      : in_flight == 32 ? std::max(jobs / 4, 1)
                                        : jobs;
    auto const bare = bench::run_bare_curl(url, "{\"prompt\": \"nothing\"}", in_flight, 10 * count);
    Work const work = measure_jobs(db, in_flight, count);
    std::printf("| %9d | %6d | %6.0f | %10.3f | %17.0f | %10.0f | %7.0f | %14.0f | %10.1f |\n",
                in_flight, count, work.jobs_per_second,
                work.jobs_per_second / bare.requests_per_second, work.backend_us,
                work.dispatcher_us, work.courier_us, bare.requests_per_second,
                bare.cpu_us_per_request);
    std::fflush(stdout);
    most = work;
  }
  std::printf(
      "\nwith 1000 in flight: dispatcher %.1f MB and courier %.1f MB resident, without shared "
      "buffers\n\n",
      static_cast<double>(most.dispatcher_kib) / 1024,
      static_cast<double>(most.courier_kib) / 1024);
  std::printf("| without HTTP                                    | jobs/s |\n");
  std::printf("|-------------------------------------------------|-------:|\n");
  db.run("select atelier.stop()");
  wait_until(db,
             "not exists (select from atelier_engine.worker_processes() where process = "
             "'dispatcher' and pid is not null)");
  for (int const workers : {1, 2, 4})
    std::printf("| pull workers, 500 at a time: %d                  | %6.0f |\n", workers,
                measure_pull_workers(db, workers, 2 * jobs));
  std::printf("| peer: bare SKIP LOCKED queue, 500 at a time     | %6.0f |\n",
              measure_bare_queue(db, jobs, 500));
  std::printf("| peer: bare SKIP LOCKED queue, one at a time     | %6.0f |\n",
              measure_bare_queue(db, std::max(jobs / 10, 1), 1));
}

}  // namespace

int main(int argc, char **argv) {
  const char *const url = std::getenv("URL");
  if (argc != 2 || url == nullptr) {
    std::fprintf(stderr,
                 "usage: dispatch JOBS   (bench/nginx sets URL, libpq's environment names "
                 "the server)\n");
    return 2;
  }
  try {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    run(url, std::atoi(argv[1]));
  } catch (const std::exception &error) {
    std::fprintf(stderr, "dispatch: %s\n", error.what());
    return 1;
  }
  return 0;
}
