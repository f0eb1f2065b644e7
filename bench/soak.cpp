// Is anything lost, done twice or left behind, whatever is killed while jobs are carried out?
//
// Jobs are queued evenly over the time, most of them for a provider that has to be paid and must
// not be asked twice, some for the local runner. Courier, runner, dispatcher and postmaster are
// killed in turn, at random moments. What nobody knows about is held, and decided by the provider's
// books. In the end each job must be completed once, and each paid one must have been asked for
// once.
#include <algorithm>
#include <cstdio>
#include <random>
#include <thread>

#include "bench/paid_provider.hpp"
#include "bench/soak_jobs.hpp"
#include "bench/soak_victims.hpp"

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kills_per_minute = 4;
constexpr int fastest_answer_ms = 500;
constexpr int slowest_answer_ms = 4000;

void print_heading(bench::Database &db, int minutes, int jobs) {
  auto const setting = [&](const char *name) {
    return std::string(name) + " " + db.run("show " + std::string(name));
  };
  std::printf("PostgreSQL %s, %s, %s, %s; atelier %s. %d minutes, %d jobs of %d users,\n",
              db.run("show server_version").c_str(), setting("fsync").c_str(),
              setting("synchronous_commit").c_str(), setting("full_page_writes").c_str(),
              db.run("select extversion from pg_extension where extname = 'atelier'").c_str(),
              minutes, jobs, bench::users);
  std::printf(
      "one in 20 for the local runner (%s, policy retry), the others for a provider that\n"
      "answers after %.1f to %.1f s (policy hold). %d kills a minute with signal 9, in turn.\n\n",
      setting("atelier.runner_threads").c_str(), fastest_answer_ms / 1000.0,
      slowest_answer_ms / 1000.0, kills_per_minute);
}

// One in each stretch of the time, at any moment of it.
void kill_in_turn(bench::Victims &victims, int minutes) {
  std::mt19937 random(std::random_device{}());
  int const kills = minutes * kills_per_minute;
  std::chrono::duration<double> const stretch(60.0 / kills_per_minute);
  auto const start = Clock::now();
  for (int number = 0; number < kills; ++number) {
    double const part = std::uniform_real_distribution<>(0, 1)(random);
    std::this_thread::sleep_until(
        start + std::chrono::duration_cast<Clock::duration>(stretch * (number + part)));
    victims.kill_one(static_cast<std::size_t>(number) % bench::Victims::names.size());
  }
}

void print_kills(const bench::Victims &victims) {
  std::printf("| killed     | times | working again after, median s | longest s |\n");
  std::printf("|------------|------:|------------------------------:|----------:|\n");
  for (std::size_t kind = 0; kind < bench::Victims::names.size(); ++kind) {
    auto times = victims.recoveries(kind);
    std::sort(times.begin(), times.end());
    if (times.empty()) continue;
    std::printf("| %-10s | %5zu | %29.1f | %9.1f |\n", bench::Victims::names[kind], times.size(),
                times[times.size() / 2], times.back());
  }
}

void print_verdict(const bench::Verdict &verdict, int jobs, const bench::Operator &person) {
  auto const row = [](const char *what, int count) {
    std::printf("| %-58s | %6d |\n", what, count);
  };
  std::printf("\n| jobs                                                       |  count |\n");
  std::printf("|------------------------------------------------------------|-------:|\n");
  row("accepted, each with a key of its own", jobs);
  row("completed", verdict.completed);
  row("**lost**", verdict.lost);
  row("**stuck**", verdict.stuck);
  row("failed", verdict.failed);
  row("**duplicated**: paid twice", verdict.paid_twice);
  row("**duplicated**: two results, pictures or events", verdict.done_twice);
  row("completed without being paid for", verdict.unpaid);
  row("with the picture of another job", verdict.mixed_up);
  row("attempts", verdict.attempts);
  row("of these ambiguous, because their carrier was killed", verdict.ambiguous);
  row("of these failed in another way", verdict.failures);
  row("held jobs completed by the provider's books", person.completed());
  row("held jobs that had never arrived, tried again", person.retried());
}

bool run(int minutes, int jobs) {
  bench::PaidProvider const provider(fastest_answer_ms, slowest_answer_ms);
  {
    bench::Database db;
    bench::set_up(db, provider.url());
    print_heading(db, minutes, jobs);
  }
  bench::Submitter submitter(jobs, std::chrono::minutes(minutes));
  bench::Operator person(provider);
  bench::Victims victims;
  std::exception_ptr trouble;
  std::exception_ptr trouble_submitting;
  std::thread operating([&] { person.run(); });
  std::thread submitting([&] {
    try {
      submitter.run();
    } catch (...) {
      trouble_submitting = std::current_exception();
    }
  });
  try {
    kill_in_turn(victims, minutes);
  } catch (...) {
    trouble = std::current_exception();
  }
  submitting.join();
  if (!trouble) trouble = trouble_submitting;
  bench::Verdict const verdict = trouble ? bench::Verdict{} : bench::judge(submitter, provider);
  person.stop();
  operating.join();
  if (trouble) std::rethrow_exception(trouble);
  print_kills(victims);
  print_verdict(verdict, jobs, person);
  return verdict.good(jobs);
}

}  // namespace

int main(int argc, char **argv) {
  int const minutes = argc == 3 ? std::atoi(argv[1]) : 0;
  int const jobs = argc == 3 ? std::atoi(argv[2]) : 0;
  if (minutes < 1 || jobs < 1) {
    std::fprintf(stderr,
                 "usage: soak MINUTES JOBS   (libpq's environment names the server, RESTART is the "
                 "command that starts it again, DATA_DIRECTORY is where it lies)\n");
    return 2;
  }
  try {
    return run(minutes, jobs) ? 0 : 1;
  } catch (const std::exception &error) {
    std::fprintf(stderr, "soak: %s\n", error.what());
    return 1;
  }
}
