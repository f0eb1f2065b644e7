// How fast do clients queue jobs?
//
// Each client calls queue_job() in a transaction of its own, again and again; every client is
// another user, as people are. Beside it, in turn and in the same run, the least that queueing a
// job can be: an INSERT of two rows into two tables and its commit. The endpoint is closed, so that
// nothing else runs.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bench/database.hpp"

namespace {

using bench::Database;
using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr int most_clients = 16;

std::string user_id(int number) {
  char out[37];
  std::snprintf(out, sizeof out, "00000000-0000-7000-8000-%012x", number);
  return out;
}

void set_up(Database &db) {
  db.run("create extension if not exists atelier");
  db.run(
      "insert into auth.users (id, email) select ('00000000-0000-7000-8000-' || "
      "lpad(to_hex(n), 12, '0'))::uuid, n || '@example.org' from generate_series(1, " +
      std::to_string(most_clients) + ") n");
  db.run("update atelier.endpoints set is_active = false");
  db.run("alter system set atelier.max_unfinished_jobs_per_user = 0");
  db.run("select pg_reload_conf()");
  db.run("create table bare_job (id uuid primary key, prompt text, parameters jsonb)");
  db.run("create table bare_queue (id uuid primary key, state text)");
}

// Statements a second of all clients together.
double rate(int clients, double seconds, const std::function<void(Database &, int)> &prepare,
            const std::string &statement) {
  std::vector<std::unique_ptr<Database>> sessions;
  for (int i = 0; i < clients; ++i) {
    sessions.push_back(std::make_unique<Database>());
    prepare(*sessions.back(), i + 1);
    for (int warm_up = 0; warm_up < 10; ++warm_up)
      sessions.back()->run(statement);
  }
  std::atomic<long> done = 0;
  std::atomic<bool> failed = false;
  auto const start = Clock::now();
  auto const end = start + Seconds(seconds);
  std::vector<std::thread> threads;
  for (auto &session : sessions)
    threads.emplace_back([&, db = session.get()] {
      try {
        for (; Clock::now() < end; ++done)
          db->run(statement);
      } catch (const std::exception &error) {
        std::fprintf(stderr, "enqueue: %s\n", error.what());
        failed = true;
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  if (failed) throw std::runtime_error("a client failed");
  return static_cast<double>(done) / Seconds(Clock::now() - start).count();
}

void sign_in(Database &db, int number) {
  db.run("set request.jwt.claims = '{\"sub\":\"" + user_id(number) +
         "\",\"role\":\"authenticated\"}'");
  db.run("set role authenticated");
  db.run("prepare one as select (atelier.queue_job(prompt => 'a red circle')).id");
}

void prepare_bare(Database &db, int) {
  db.run(
      "prepare one as with job as (insert into bare_job values (atelier.uuid7(), 'a red circle', "
      "'{\"width\": 64, \"height\": 64, \"seed\": 7}') returning id) insert into bare_queue select "
      "id, 'ready' from job returning id");
}

void run(double seconds) {
  Database db;
  set_up(db);
  std::printf("PostgreSQL %s, fsync %s, synchronous_commit %s, %u cores, %.0f s each\n\n",
              db.run("show server_version").c_str(), db.run("show fsync").c_str(),
              db.run("show synchronous_commit").c_str(), std::thread::hardware_concurrency(),
              seconds);
  std::printf("| clients | queue_job()/s | bare INSERT of two rows/s | ratio |\n");
  std::printf("|--------:|--------------:|--------------------------:|------:|\n");
  for (int const clients : {1, 4, most_clients}) {
    double const bare = rate(clients, seconds, prepare_bare, "execute one");
    double const jobs = rate(clients, seconds, sign_in, "execute one");
    std::printf("| %7d | %13.0f | %25.0f | %5.2f |\n", clients, jobs, bare, jobs / bare);
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char **argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: enqueue SECONDS   (libpq's environment names the server)\n");
    return 2;
  }
  try {
    run(std::atof(argv[1]));
  } catch (const std::exception &error) {
    std::fprintf(stderr, "enqueue: %s\n", error.what());
    return 1;
  }
  return 0;
}
