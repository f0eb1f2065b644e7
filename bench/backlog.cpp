// Does the rate at which jobs are claimed and completed depend on how many others are queued?
//
// One worker claims jobs, 500 at a time, and records their success, each in a transaction of its
// own that is synced to disk. There is nothing between, so that what is measured is the queue
// alone. It is measured with nothing else queued, with a hundred thousand jobs, with all of them,
// and once more after churn: for a while jobs are queued, claimed and completed without a pause,
// with the server's autovacuum as it comes.
#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <vector>

#include "bench/queue.hpp"

namespace {

using bench::Clock;
using bench::Database;
using bench::Queue;

constexpr int users = 1000;
constexpr int batch = 500;
constexpr int measured_batches = 40;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Rows as queue_job() makes them, but without its checks, which would take hours for millions.
void fill(Database &db, int rows) {
  db.run("set session_replication_role = replica");
  for (int done = 0; done < rows; done += std::min(rows - done, 250000))
    db.run(
        "with job as (insert into atelier.jobs (user_id, job_type, format, quality, model_type, "
        "api_model_id, "
        "original_prompt, parameters, estimated_seconds) select ('00000000-0000-7000-8000-' || "
        "lpad(to_hex(n % " +
        std::to_string(users) +
        " + 1), 12, '0'))::uuid, 'sdxl_image_high', 'image', 'high', "
        "'sdxl', m.id, 'a picture of ' || n, m.input_defaults || '{\"seed\": 7}', 1 from "
        "generate_series(1, " +
        std::to_string(std::min(rows - done, 250000)) +
        ") n, atelier.api_models m where m.model_key = 'tiny-sdxl' "
        "returning id, user_id, api_model_id), "
        "clock as (select coalesce(max(vtime), 0) as vtime from atelier_engine.queue) "
        "insert into atelier_engine.queue (job_id, model_id, priority, user_id, lane_id, vtime) "
        "select j.id, j.api_model_id, 0, j.user_id, m.provider_id, c.vtime + row_number() over () "
        "* 0.001 "
        "from job j join atelier.api_models m on m.id = j.api_model_id, clock c");
  db.run("reset session_replication_role");
}

struct Rate {
  double jobs_per_second = 0;
  double claim_us = 0;     // per job
  double complete_us = 0;  // per job
};

// The median batch counts: other work on the machine and checkpoints hit some of them.
Rate measure(Queue &queue) {
  std::vector<double> claims, completions, totals;
  for (int i = 0; i < measured_batches; ++i) {
    auto const start = Clock::now();
    if (queue.claim(batch) != batch) throw std::runtime_error("too few jobs are queued");
    double const claimed = seconds_since(start);
    queue.complete();
    double const total = seconds_since(start);
    claims.push_back(claimed);
    completions.push_back(total - claimed);
    totals.push_back(total);
  }
  auto const median = [](std::vector<double> &values) {
    std::nth_element(values.begin(), values.begin() + measured_batches / 2, values.end());
    return values[measured_batches / 2] / batch;
  };
  return {1 / median(totals), median(claims) * 1e6, median(completions) * 1e6};
}

void churn(Queue &queue, double seconds) {
  auto const start = Clock::now();
  int jobs = 0;
  while (seconds_since(start) < seconds) {
    fill(queue.db(), batch);
    jobs += queue.claim(batch);
    queue.complete();
  }
  std::printf("(%.0f s of churn: %d jobs queued, claimed and completed)\n", seconds_since(start),
              jobs);
}

void print_row(Queue &queue, const std::string &what, double &of_the_empty) {
  Rate const rate = measure(queue);
  if (of_the_empty == 0) of_the_empty = rate.jobs_per_second;
  std::printf("| %-28s | %9.0f | %9.1f | %12.1f | %12.2f | %11s |\n", what.c_str(),
              rate.jobs_per_second, rate.claim_us, rate.complete_us,
              rate.jobs_per_second / of_the_empty,
              queue.db()
                  .run("select pg_size_pretty(pg_total_relation_size('atelier_engine.queue'))")
                  .c_str());
  std::fflush(stdout);
}

void run(Database &db, int rows, double churn_seconds) {
  constexpr int measured = batch * measured_batches;
  Queue queue(db, users, 10000);
  db.run("create temp table claimed (attempt_id uuid, job_id uuid)");
  std::printf("PostgreSQL %s, fsync %s, synchronous_commit %s, batches of %d, the median of %d\n\n",
              db.run("show server_version").c_str(), db.run("show fsync").c_str(),
              db.run("show synchronous_commit").c_str(), batch, measured_batches);
  std::printf("| %-28s | %9s | %9s | %12s | %12s | %11s |\n|%s|%s|%s|%s|%s|%s|\n", "queued besides",
              "jobs/s", "claim us", "complete us", "of the empty", "queue table",
              std::string(30, '-').c_str(),
              "----------:", "----------:", "-------------:", "-------------:", "------------:");
  double of_the_empty = 0;
  // Plans and memory are warm, as in a worker that has run for a while.
  fill(db, measured);
  measure(queue);
  int queued = 0;
  for (int const wanted : {0, std::min(100000, rows), rows}) {
    fill(db, measured + wanted - queued);
    queued = wanted;
    db.run("vacuum analyze atelier_engine.queue");
    db.run("analyze atelier.jobs");
    db.run("checkpoint");
    print_row(queue, std::to_string(wanted), of_the_empty);
  }
  churn(queue, churn_seconds);
  fill(db, measured);
  print_row(queue, std::to_string(rows) + " and after churn", of_the_empty);
}

}  // namespace

int main(int argc, char **argv) {
  if (argc != 3) {
    std::fprintf(stderr,
                 "usage: backlog ROWS CHURN_SECONDS   (libpq's environment names the server)\n");
    return 2;
  }
  try {
    Database db;
    run(db, std::atoi(argv[1]), std::atof(argv[2]));
  } catch (const std::exception &error) {
    std::fprintf(stderr, "backlog: %s\n", error.what());
    return 1;
  }
  return 0;
}
