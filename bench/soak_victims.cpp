#include "bench/soak_victims.hpp"

#include <csignal>
#include <cstdlib>
#include <fstream>

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr std::size_t postmaster = 3;
constexpr auto patience = std::chrono::minutes(2);

template <typename Condition>
void wait_until(Condition condition, const std::string &what) {
  auto const deadline = Clock::now() + patience;
  while (!condition()) {
    if (Clock::now() > deadline) throw std::runtime_error("waited in vain for " + what);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

std::string environment(const char *name) {
  const char *const value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error(std::string(name) + " is not set");
  return value;
}

// What the old one has started must end first: the server refuses until then.
void restart() {
  std::string const command = environment("RESTART") + " > /dev/null 2>&1";
  wait_until([&] { return std::system(command.c_str()) == 0; }, "the server to start");
}

}  // namespace

std::size_t Victims::kills() const {
  std::size_t sum = 0;
  for (auto const &of_one_kind : recoveries_)
    sum += of_one_kind.size();
  return sum;
}

void Victims::kill_one(std::size_t kind) {
  pid_t const victim = await(kind, 0);
  std::string const moment = session_.run("select clock_timestamp()");
  auto const start = Clock::now();
  if (kill(victim, SIGKILL) != 0)
    throw std::runtime_error(std::string("cannot kill the ") + names[kind]);
  if (kind == postmaster) restart();
  await(kind, victim);
  await_result_after(moment);
  recoveries_[kind].push_back(Seconds(Clock::now() - start).count());
}

pid_t Victims::pid_of(std::size_t kind) {
  if (kind == postmaster) {
    std::ifstream file(environment("DATA_DIRECTORY") + "/postmaster.pid");
    pid_t pid = 0;
    file >> pid;
    return pid;
  }
  return std::stoi(
      session_.run("select coalesce(max(pid), 0) from atelier_engine.worker_processes() where "
                   "state = 'running' and process = '" +
                   std::string(names[kind]) + "'"));
}

pid_t Victims::await(std::size_t kind, pid_t other_than) {
  pid_t pid = 0;
  wait_until(
      [&] {
        pid = pid_of(kind);
        return pid > 0 && pid != other_than;
      },
      std::string("a running ") + names[kind]);
  return pid;
}

void Victims::await_result_after(const std::string &moment) {
  wait_until(
      [&] {
        return session_.run("select created_at > '" + moment +
                            "' from atelier.events order by seq desc limit 1") == "t";
      },
      "the next result");
}

}  // namespace bench
