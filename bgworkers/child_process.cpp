#include "bgworkers/child_process.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <thread>

#include "src/pg/boundary.hpp"

extern "C" {
#include "miscadmin.h"
#include "storage/fd.h"
}

namespace bgworkers {
namespace {

constexpr auto grace = std::chrono::seconds(2);
constexpr auto step = std::chrono::milliseconds(5);

std::string reason(const char *what) {
  int const error = errno;
  std::array<char, 256> text{};
  return std::string(what) + ": " + pg_strerror_r(error, text.data(), text.size());
}

// In the child of a fork: only async-signal-safe calls.
[[noreturn]] void become(char *const *argv, int input, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);  // the parent died first
  // PostgreSQL signals the process group of a backend: a lock that is waited for too long, or
  // pg_cancel_backend(), is no reason to lose what is under way here.
  setpgid(0, 0);
  for (int sig = 1; sig < NSIG; ++sig)
    signal(sig, SIG_DFL);
  dup2(input, STDIN_FILENO);
  // PostgreSQL's data files are not close-on-exec.
  close_range(STDERR_FILENO + 1, ~0U, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execv(argv[0], argv);
  _exit(127);
}

// The two ends a child and its parent use; the parent's is -1 without a socket.
struct Ends {
  int parent = -1;
  int child = -1;
};

Ends open_ends(ChildProcess::Input input) {
  if (input == ChildProcess::Input::nothing) {
    int const null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null < 0) throw pg::Failure(ERRCODE_SYSTEM_ERROR, reason("could not open /dev/null"));
    return {-1, null};
  }
  if (!AcquireExternalFD())
    throw pg::Failure(ERRCODE_INSUFFICIENT_RESOURCES, "out of file descriptors",
                      "Raise max_files_per_process or the system's limit.");
  std::array<int, 2> pair{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    ReleaseExternalFD();
    throw pg::Failure(ERRCODE_SYSTEM_ERROR, reason("could not create a socket pair"));
  }
  return {pair[0], pair[1]};
}

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string> &command, Input input) {
  std::vector<char *> argv;  // made before fork(): the child may not allocate
  argv.reserve(command.size() + 1);
  for (const std::string &word : command)
    argv.push_back(const_cast<char *>(word.c_str()));
  argv.push_back(nullptr);

  if (access(argv[0], X_OK) != 0)
    throw pg::Failure(ERRCODE_UNDEFINED_FILE, reason(("cannot run " + command[0]).c_str()),
                      "Install the program or correct its atelier.*_path setting.");
  Ends const ends = open_ends(input);
  pid_t const parent = getpid();
  sigset_t all;
  sigset_t saved;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, &saved);  // no handler of PostgreSQL may run in the child
  pid_ = fork();
  if (pid_ == 0) become(argv.data(), ends.child, parent);
  std::string const fork_error = pid_ < 0 ? reason("could not fork") : std::string();
  sigprocmask(SIG_SETMASK, &saved, nullptr);
  close(ends.child);
  socket_ = ends.parent;
  if (pid_ < 0) {
    if (socket_ >= 0) {
      close(socket_);
      ReleaseExternalFD();
    }
    throw pg::Failure(ERRCODE_SYSTEM_ERROR, fork_error);
  }
  if (socket_ >= 0) fcntl(socket_, F_SETFL, O_NONBLOCK);
}

ChildProcess::~ChildProcess() {
  if (socket_ >= 0) {
    close(socket_);  // the end of its input is the polite request to stop
    ReleaseExternalFD();
  }
  if (reaped_) return;
  kill(pid_, SIGTERM);
  (void)end_after_close();
}

bool ChildProcess::reap(bool block) {
  while (!reaped_) {
    pid_t const got = waitpid(pid_, &status_, block ? 0 : WNOHANG);
    if (got == pid_ || (got < 0 && errno == ECHILD))
      reaped_ = true;
    else if (got == 0)
      return false;
  }
  return true;
}

std::optional<std::string> ChildProcess::ended() {
  if (!reap(false)) return std::nullopt;
  if (WIFSIGNALED(status_)) return "was ended by signal " + std::to_string(WTERMSIG(status_));
  return "exited with status " + std::to_string(WEXITSTATUS(status_));
}

std::string ChildProcess::end_after_close() {
  for (auto waited = std::chrono::milliseconds(0); waited < grace; waited += step) {
    if (reap(false)) return *ended();
    std::this_thread::sleep_for(step);
  }
  kill(pid_, SIGKILL);
  reap(true);
  return *ended();
}

std::string program_path(const char *configured, const char *name) {
  if (configured != nullptr && configured[0] != '\0') return configured;
  std::string path(my_exec_path);
  return path.substr(0, path.rfind('/') + 1) + name;
}

}  // namespace bgworkers
