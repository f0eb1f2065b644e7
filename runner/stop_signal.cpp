#include "runner/stop_signal.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <system_error>

namespace runner {
namespace {

// A signal handler has no other way to reach the rest of the program.
volatile std::sig_atomic_t stop_descriptor = -1;

void on_stop_signal(int) {
  const uint64_t one = 1;
  if (stop_descriptor < 0 || write(stop_descriptor, &one, sizeof one) < 0) _exit(EXIT_SUCCESS);
}

}  // namespace

void handle_stop_signals() {
  struct sigaction action {};
  action.sa_handler = on_stop_signal;
  action.sa_flags = SA_RESTART;
  for (const int signal : {SIGTERM, SIGINT})
    sigaction(signal, &action, nullptr);
}

StopSignal::StopSignal() : event_(eventfd(0, EFD_CLOEXEC)) {
  if (!event_) throw std::system_error(errno, std::generic_category(), "eventfd");
  stop_descriptor = event_.get();
}

StopSignal::~StopSignal() { stop_descriptor = -1; }

void StopSignal::wait() const {
  eventfd_t signals = 0;
  while (eventfd_read(event_.get(), &signals) != 0) {
  }
}

}  // namespace runner
