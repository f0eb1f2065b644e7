// The runner supervisor: one per cluster. It keeps one local runner per device, restarts those
// that end, and publishes how they are. It never does inference and never talks to one.
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "bgworkers/child_process.hpp"
#include "bgworkers/registration.hpp"
#include "bgworkers/runner_address.hpp"
#include "bgworkers/worker_loop.hpp"
#include "src/pg/settings.hpp"

extern "C" {
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "storage/fd.h"

PGDLLEXPORT void atelier_runner_supervisor_main(Datum);
}

namespace bgworkers {
namespace {

constexpr auto look_interval = std::chrono::seconds(10);
constexpr auto starting_look_interval = std::chrono::milliseconds(200);

// The handler of SIGCHLD: the end of a runner ends the wait.
void child_ended(SIGNAL_ARGS) {
  (void)postgres_signal_arg;
  int const saved = errno;
  SetLatch(MyLatch);
  errno = saved;
}

// The devices a runner is started for.
std::vector<std::string> devices() {
  std::string const configured = settings::runner_devices;
  std::vector<std::string> out;
  if (configured == "auto") {
    for (int i = 0; i < shared::max_runners; ++i)
      if (access(("/dev/nvidia" + std::to_string(i)).c_str(), F_OK) == 0)
        out.push_back("cuda:" + std::to_string(out.size()));
    // With one GPU or none the runner itself knows best what it was built for.
    if (out.size() < 2) out.assign(1, "auto");
    return out;
  }
  std::stringstream list(configured);
  for (std::string device; std::getline(list, device, ',');) {
    std::erase(device, ' ');
    if (!device.empty() && out.size() < shared::max_runners) out.push_back(device);
  }
  return out;
}

std::string model_folder() {
  if (settings::runner_model[0] != '\0') return settings::runner_model;
  char share[MAXPGPATH];
  get_share_path(my_exec_path, share);
  return std::string(share) + "/atelier/models/tiny-sdxl";
}

// The command line of a runner; when it changes, the runner is restarted.
std::vector<std::string> command_for(const std::string &device, int index) {
  std::vector<std::string> out = {program_path(settings::runner_path, "atelier-runner"),
                                  "--model",
                                  model_folder(),
                                  "--listen",
                                  "unix:" + runner_socket_path(index),
                                  "--device",
                                  device};
  if (settings::runner_threads > 0) {
    out.emplace_back("--threads");
    out.push_back(std::to_string(settings::runner_threads));
  }
  return out;
}

class Runner {
 public:
  Runner(int index, shared::Child &place) : index_(index), place_(place) {}

  void keep(const std::string &device) {
    std::vector<std::string> wanted = command_for(device, index_);
    if (process_ && wanted != command_) process_.reset();
    if (process_) {
      if (auto const how = process_->ended()) {
        process_.reset();
        listening_ = false;
        shared::set_child(place_, 0, "stopped", device + ": " + *how);
        pg::log(LOG, "local runner " + std::to_string(index_) + " " + *how);
      }
    }
    if (!process_ && back_off_.due()) start(device, std::move(wanted));
    if (process_ && !listening_ && socket_is_new()) {
      listening_ = true;
      shared::set_child(place_, process_->pid(), "running", device);
    }
    if (listening_ && Clock::now() - started_ > std::chrono::minutes(1)) back_off_.succeeded();
  }

  bool settled() const { return process_ && listening_; }
  Clock::time_point retry_at() const {
    return process_ ? Clock::now() + starting_look_interval : back_off_.not_before();
  }

 private:
  void start(const std::string &device, std::vector<std::string> &&command) {
    back_off_.failed();
    started_ = Clock::now();
    listening_ = false;
    command_ = std::move(command);
    unlink(runner_socket_path(index_).c_str());  // what a killed runner left
    try {
      process_ = std::make_unique<ChildProcess>(command_, ChildProcess::Input::nothing);
      shared::set_child(place_, process_->pid(), "starting", device);
    } catch (const pg::Failure &failure) {
      shared::set_child(place_, 0, "failing", failure.what());
      pg::log(WARNING, std::string("could not start a local runner: ") + failure.what());
    }
  }

  // A runner makes its socket when its model is loaded.
  bool socket_is_new() const {
    struct stat found {};
    return stat(runner_socket_path(index_).c_str(), &found) == 0 && S_ISSOCK(found.st_mode);
  }

  int const index_;
  shared::Child &place_;
  std::unique_ptr<ChildProcess> process_;
  std::vector<std::string> command_;
  bool listening_ = false;
  Clock::time_point started_{};
  BackOff back_off_;
};

void make_socket_directory() {
  const char *const path = settings::runner_socket_directory;
  if (mkdir(path, S_IRWXU) != 0 && errno != EEXIST)
    throw pg::Failure(ERRCODE_SYSTEM_ERROR,
                      std::string("could not create the runners' socket directory ") + path,
                      "Correct atelier.runner_socket_directory.");
}

void publish_count(size_t count) {
  shared::State &all = shared::state();
  SpinLockAcquire(&all.mutex);
  all.runner_count = static_cast<int>(count);
  SpinLockRelease(&all.mutex);
}

void supervise() {
  shared::State &all = shared::state();
  shared::Registration const place(all.supervisor, "runner supervisor");
  shared::set_state(all.supervisor, "running");
  make_socket_directory();
  std::vector<std::unique_ptr<Runner>> runners;
  for (;;) {
    reload_configuration_if_asked();
    std::vector<std::string> const wanted = devices();
    while (runners.size() > wanted.size())
      runners.pop_back();
    while (runners.size() < wanted.size()) {
      int const index = static_cast<int>(runners.size());
      runners.push_back(std::make_unique<Runner>(index, all.runners[index]));
    }
    publish_count(runners.size());
    auto look_at = Clock::now() + look_interval;
    for (size_t i = 0; i < runners.size(); ++i) {
      runners[i]->keep(wanted[i]);
      if (!runners[i]->settled()) look_at = std::min(look_at, runners[i]->retry_at());
    }
    wait(until(look_at));
  }
}

}  // namespace
}  // namespace bgworkers

void atelier_runner_supervisor_main(Datum) {
  pqsignal(SIGCHLD, bgworkers::child_ended);
  bgworkers::install_signal_handlers();
  pg::entry([] { bgworkers::supervise(); });
}
