// Do many answers that come bit by bit at the same time keep up?
//
// A chat server says words at a steady pace, each the time at which it is said; so a word's age is
// known wherever it is read. Of all answers, some are followed by clients that wait in
// job_stream(). The peers: the pace itself, which all answers would end by if nothing held them up,
// and the rows that a row for each word would be.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "bench/database.hpp"
#include "bench/process.hpp"
#include "bench/speaker.hpp"

namespace {

using bench::Database;
using Clock = std::chrono::steady_clock;

constexpr const char *user = "00000000-0000-7000-8000-0000000be9c4";
constexpr int followers = 10;

void set_up(Database &db, const std::string &url, int streams) {
  db.run("create extension if not exists atelier");
  db.run("insert into auth.users (id, email) values ('" + std::string(user) +
         "', 'bench@example.org')");
  db.run(
      "insert into atelier.api_providers (name, display_name, auth_scheme) values ('bench', "
      "'Benchmark', 'none')");
  db.run(
      "insert into atelier.api_models (provider_id, model_key, display_name, modality) select id, "
      "'bench', 'Benchmark', 'chat' from atelier.api_providers where name = 'bench'");
  db.run(
      "insert into atelier.endpoints (provider_id, name, adapter, base_url, private_network, "
      "max_concurrency, ambiguity_policy, health_path) select id, 'bench', 'openai_chat', '" +
      url + "', true, " + std::to_string(streams) +
      ", 'fail', '' from atelier.api_providers where name = 'bench'");
}

void sign_in(Database &db) {
  db.run("set request.jwt.claims = '{\"sub\":\"" + std::string(user) +
         "\",\"role\":\"authenticated\"}'");
  db.run("set role authenticated");
}

class Ages {
 public:
  void add(double ms) {
    std::lock_guard const guard(mutex_);
    values_.push_back(ms);
  }
  double percentile(double p) {
    std::sort(values_.begin(), values_.end());
    if (values_.empty()) return 0;
    auto const at = static_cast<std::size_t>(std::ceil(p * static_cast<double>(values_.size())));
    return values_[std::min(std::max<std::size_t>(at, 1), values_.size()) - 1];
  }

 private:
  std::mutex mutex_;
  std::vector<double> values_;
};

// Reads one answer as it comes, and notes how old its latest word is each time.
void follow(const std::string &job, Ages &ages) {
  Database db;
  sign_in(db);
  std::string cursor = "0";
  for (bool done = false; !done;) {
    std::string const said = db.run(
        "select concat_ws('|', s ->> 'cursor', s ->> 'done', s ->> 'text') "
        "from atelier.job_stream('" +
        job + "', " + cursor + ", 10) s");
    std::size_t const first = said.find('|');
    std::size_t const second = said.find('|', first + 1);
    cursor = said.substr(0, first);
    done = said.substr(first + 1, second - first - 1) == "true";
    std::string const text = said.substr(second + 1);
    if (text.size() < bench::word_bytes || done) continue;
    std::string const latest = text.substr(text.size() - bench::word_bytes);
    ages.add(static_cast<double>(bench::clock_ms()) - std::stod(latest));
  }
}

struct Usage {
  std::string dispatcher;
  std::string courier;
  std::string speaker;
  double dispatcher_us = 0;
  double courier_us = 0;
  double speaker_us = 0;

  void note() {
    dispatcher_us = bench::cpu_us_of(dispatcher) - dispatcher_us;
    courier_us = bench::cpu_us_of(courier) - courier_us;
    speaker_us = bench::cpu_us_of(speaker) - speaker_us;
  }
};

std::string process(Database &db, const std::string &name) {
  for (int tries = 0; tries < 300; ++tries) {
    std::string pid = db.run("select pid from atelier_engine.worker_processes() where process = '" +
                             name + "' and pid is not null");
    if (!pid.empty()) return pid;
    db.run("select pg_sleep(0.1)");
  }
  throw std::runtime_error("the " + name + " does not run");
}

std::vector<std::string> ask(Database &db, int streams) {
  std::vector<std::string> jobs;
  db.run("begin");
  for (int i = 0; i < streams; ++i)
    jobs.push_back(
        db.run("select (atelier.queue_job('talk " + std::to_string(i) + "', 'bench')).id"));
  db.run("commit");
  return jobs;
}

long pieces_written(Database &db) {
  db.run("select pg_sleep(1.5)");  // until the dispatcher has reported its statistics
  return std::stol(
      db.run("select n_tup_ins from pg_stat_user_tables where relname = 'text_pieces'"));
}

void wait_until_ended(Database &db, int seconds) {
  auto const give_up = Clock::now() + std::chrono::seconds(seconds * 4 + 60);
  while (db.run("select count(*) from atelier_engine.queue") != "0") {
    if (Clock::now() > give_up) throw std::runtime_error("the answers do not end");
    db.run("select pg_sleep(0.1)");
  }
}

void run(int streams, int seconds, int words_per_second) {
  bench::Speaker const speaker(words_per_second, seconds);
  Database admin;
  set_up(admin, speaker.url(), streams);
  Usage usage{process(admin, "dispatcher"), process(admin, "courier"), speaker.pid()};
  Database client;
  sign_in(client);
  usage.note();
  auto const start = Clock::now();
  auto const jobs = ask(client, streams);
  Ages ages;
  std::vector<std::thread> readers;
  for (int i = 0; i < std::min(followers, streams); ++i)
    readers.emplace_back(
        [&, i] { follow(jobs[static_cast<std::size_t>(i * streams / followers)], ages); });
  wait_until_ended(admin, seconds);
  double const took = std::chrono::duration<double>(Clock::now() - start).count();
  usage.note();
  for (std::thread &reader : readers)
    reader.join();

  std::string const length =
      std::to_string(seconds * words_per_second * static_cast<int>(bench::word_bytes));
  std::string const whole =
      admin.run("select count(*) from atelier.generations where length(output_text) = " + length);
  double const longest = std::stod(admin.run(
      "select extract(epoch from max(finished_at - first_byte_at)) from atelier_engine.attempts"));
  auto const rows = static_cast<double>(pieces_written(admin));
  double const words = static_cast<double>(streams) * seconds * words_per_second;

  std::printf("PostgreSQL %s, fsync %s, %d streams of %d words a second for %d s, %d followed\n\n",
              admin.run("show server_version").c_str(), admin.run("show fsync").c_str(), streams,
              words_per_second, seconds, std::min(followers, streams));
  std::printf("| %-58s | %10s |\n|%s|%s|\n", "", "", std::string(60, '-').c_str(), "-----------:");
  auto const row = [](const char *what, double value) {
    std::printf("| %-58s | %10.2f |\n", what, value);
  };
  row("answers that arrived whole", std::stod(whole));
  row("seconds from the first question to the last answer", took);
  row("longest answer, seconds", longest);
  row("  over the pace of the server", longest / seconds);
  row("rows written a second for ten streams", rows / seconds / streams * 10);
  row("  over a row for each word", rows / words);
  row("age of the latest word where it is read, ms, p50", ages.percentile(0.5));
  row("age of the latest word where it is read, ms, p99", ages.percentile(0.99));
  row("CPU of the courier, us a word", usage.courier_us / words);
  row("CPU of the dispatcher, us a word", usage.dispatcher_us / words);
  row("CPU of the chat server itself, us a word", usage.speaker_us / words);
}

}  // namespace

int main(int argc, char **argv) {
  if (argc != 4) {
    std::fprintf(stderr,
                 "usage: stream STREAMS SECONDS TOKENS-PER-SECOND   (libpq's environment names the "
                 "server)\n");
    return 2;
  }
  try {
    run(std::atoi(argv[1]), std::atoi(argv[2]), std::atoi(argv[3]));
  } catch (const std::exception &error) {
    std::fprintf(stderr, "stream: %s\n", error.what());
    return 1;
  }
  return 0;
}
