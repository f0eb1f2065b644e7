// How long do 200 users with one job each wait behind one user with 100,000?
//
// Time is counted in rounds of one service time: in each round a worker claims a job for every free
// slot and completes it. All users have the same weight, and all jobs the same estimate. The wait
// of the 200 in an empty queue is known: with s slots the k-th of those that came together starts
// in round k / s. Then what a claim costs while a user with as many jobs is at his cap, and without
// him.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <vector>

#include "bench/queue.hpp"

namespace {

using bench::Clock;
using bench::Database;
using bench::Queue;

constexpr int single_users = 200;

struct Waits {
  std::vector<int> rounds;  // of each of the 200, ascending
  double mean = 0;
};

// The users whose job was claimed in this round, but for the one with many.
std::vector<std::string> claimed_singles(Database &db) {
  std::string const list = db.run(
      "select string_agg(j.user_id::text, ',') from claimed c cross join lateral (select j.user_id "
      "from atelier.jobs j where j.id = c.job_id offset 0) j where j.user_id <> '" +
      bench::user_id(0) + "'");
  std::vector<std::string> out;
  for (size_t at = 0; at < list.size(); at += 37)
    out.push_back(list.substr(at, 36));
  return out;
}

// together: all 200 come at once; else one comes in every second round, which leaves slots to the
// one with many.
Waits measure(Queue &queue, int slots, bool together) {
  queue.set_slots(slots);
  std::map<std::string, int> arrived;
  Waits out;
  for (int round = 0; static_cast<int>(out.rounds.size()) < single_users; ++round) {
    if (round > single_users * 3) throw std::runtime_error("a single job does not start");
    while (static_cast<int>(arrived.size()) <
           (together ? single_users : std::min(round / 2 + 1, single_users))) {
      std::string const user = bench::user_id(1 + static_cast<int>(arrived.size()));
      queue.submit(user, 1);
      arrived[user] = round;
    }
    queue.claim(slots);
    for (const std::string &user : claimed_singles(queue.db()))
      out.rounds.push_back(round - arrived.at(user));
    queue.complete();
  }
  std::sort(out.rounds.begin(), out.rounds.end());
  for (int const wait : out.rounds)
    out.mean += static_cast<double>(wait) / single_users;
  return out;
}

void print_waits(Queue &queue) {
  std::printf("| %-24s | %5s | %11s | %11s | %11s | %17s |\n|%s|%s|%s|%s|%s|%s|\n",
              "200 jobs of 200 users", "slots", "mean wait", "longest", "empty queue",
              "later than empty", std::string(26, '-').c_str(),
              "------:", "------------:", "------------:", "------------:", "------------------:");
  for (bool const together : {false, true}) {
    for (int const slots : {1, 4, 16}) {
      for (int warm_up = 0; warm_up < 20; ++warm_up) {
        queue.claim(slots);
        queue.complete();
      }
      Waits const waits = measure(queue, slots, together);
      int later = 0;
      for (int i = 0; i < single_users; ++i)
        later = std::max(later, waits.rounds[static_cast<size_t>(i)] - (together ? i / slots : 0));
      std::printf("| %-24s | %5d | %11.2f | %11d | %11d | %17d |\n",
                  together ? "all at once" : "one every two rounds", slots, waits.mean,
                  waits.rounds.back(), together ? (single_users - 1) / slots : 0, later);
    }
  }
  std::printf(
      "\nWaits in service times; the last column is the most that one of the 200 starts later than "
      "it would\n"
      "in an empty queue.\n\n");
}

// Microseconds of a claim of so many jobs of others, the median.
double time_of_claim(Queue &queue, int jobs) {
  constexpr int claims = 60;
  std::vector<double> us;
  for (int i = 0; i < claims; ++i) {
    auto const start = Clock::now();
    if (queue.claim(jobs) != jobs) throw std::runtime_error("others have too few jobs");
    us.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
    queue.complete();
  }
  std::nth_element(us.begin(), us.begin() + claims / 2, us.end());
  return us[claims / 2];
}

void print_cap(Queue &queue, int jobs) {
  constexpr int running = 5;
  Database &db = queue.db();
  db.run("update atelier.scheduling_tiers set max_running_jobs = " + std::to_string(running) +
         " where tier = 'starter'");
  db.run("update atelier.profiles set subscription_status = 'starter' where id = '" +
         bench::user_id(0) + "'");
  db.run("delete from atelier.jobs");
  queue.set_slots(1000);
  queue.submit(bench::user_id(0), jobs);
  // At his cap: what is claimed now stays where it is.
  if (queue.claim(1000) != running) throw std::runtime_error("the cap does not hold");
  db.run("truncate claimed");
  for (int user = 1; user <= single_users; ++user)
    queue.submit(bench::user_id(user), 40);
  std::printf("| %-28s | %12s | %12s | %7s |\n|%s|%s|%s|%s|\n", "us of a claim, median", "without",
              "at the cap", "ratio", std::string(30, '-').c_str(),
              "-------------:", "-------------:", "--------:");
  std::vector<int> const sizes = {1, 50};
  std::vector<double> with;
  db.run("vacuum analyze atelier_engine.queue");
  for (int const size : sizes)
    with.push_back(time_of_claim(queue, size));
  std::string const at_the_cap =
      db.run("select count(*) from atelier_engine.queue where state = 'parked'");
  db.run("delete from atelier.jobs where user_id = '" + bench::user_id(0) + "'");
  db.run("vacuum analyze atelier_engine.queue");
  for (size_t i = 0; i < sizes.size(); ++i) {
    double const without = time_of_claim(queue, sizes[i]);
    std::printf("| claim of %3d jobs of others   | %12.0f | %12.0f | %7.2f |\n", sizes[i], without,
                with[i], with[i] / without);
  }
  std::printf("\nAt the cap: one user with %s parked jobs, %d running.\n", at_the_cap.c_str(),
              running);
}

}  // namespace

int main(int argc, char **argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: fairness JOBS   (libpq's environment names the server)\n");
    return 2;
  }
  try {
    int const jobs = std::atoi(argv[1]);
    Database db;
    Queue queue(db, single_users, 1);
    db.run("create temp table claimed (attempt_id uuid, job_id uuid)");
    std::printf("PostgreSQL %s, fsync %s, synchronous_commit %s, one user with %d queued jobs\n\n",
                db.run("show server_version").c_str(), db.run("show fsync").c_str(),
                db.run("show synchronous_commit").c_str(), jobs);
    queue.submit(bench::user_id(0), jobs);
    db.run("vacuum analyze");
    print_waits(queue);
    print_cap(queue, jobs);
  } catch (const std::exception &error) {
    std::fprintf(stderr, "fairness: %s\n", error.what());
    return 1;
  }
  return 0;
}
