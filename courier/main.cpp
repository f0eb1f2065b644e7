// main.cpp -- atelier-courier: the whole conversation with inference servers, in a process of its
// own.
//
// The dispatcher starts it with one end of a socket pair as standard input. It shares no memory
// with PostgreSQL, so whatever strangers send, a crash here costs a restart of this process and
// nothing else.
#include <curl/curl.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>

#include "courier/courier.hpp"
#include "courier/ingest/spool_file.hpp"
#include "wire/frame.hpp"

namespace {

constexpr int exit_failure = 1;
constexpr int exit_usage = 2;

// Standard streams, epoll, libcurl's own, and some to spare.
constexpr std::size_t reserved_descriptors = 64;
constexpr std::size_t most_descriptors = 65536;

constexpr std::string_view usage =
    "usage: atelier-courier --spool DIR\n"
    "Carries requests to inference servers. Started by the dispatcher, with a socket as standard "
    "input.\n"
    "  --spool DIR   where results are kept, in files without a name, until the dispatcher has "
    "them\n"
    "  --version     print the version and exit\n";

// Nothing is lost by stopping at once: spool files have no names, and the dispatcher settles what
// was in flight.
void stop(int) { _exit(0); }

void prepare_process() {
  prctl(PR_SET_NAME, "atelier-courier");
  rlimit const no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);                   // secrets are in memory
  for (int const signal_number : {SIGPIPE, SIGXFSZ})  // both also show as errors of the call
    std::signal(signal_number, SIG_IGN);
  for (int const signal_number : {SIGTERM, SIGINT, SIGQUIT})
    std::signal(signal_number, stop);
}

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return reserved_descriptors;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  std::size_t const usable = std::min<rlim_t>(limit.rlim_cur, most_descriptors);
  return usable - std::min(usable, reserved_descriptors);
}

bool is_socket(int fd) {
  int type = 0;
  socklen_t length = sizeof type;
  return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_STREAM;
}

int serve(const std::string &spool_folder) {
  prepare_process();
  std::size_t const descriptor_budget = raise_descriptor_limit();
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
    throw std::runtime_error("libcurl does not start");
  static_cast<void>(courier::ingest::SpoolFile(spool_folder));  // fail now, not with a result
  courier::Courier(STDIN_FILENO, spool_folder, descriptor_budget).run();
  curl_global_cleanup();
  return 0;
}

}  // namespace

int main(int argc, char **argv) {
  std::string_view const option = argc > 1 ? argv[1] : "";
  if (option == "--version") {
    std::puts("atelier-courier " ATELIER_VERSION);
    return 0;
  }
  if (argc != 3 || option != "--spool") {
    std::fputs(usage.data(), option == "--help" ? stdout : stderr);
    return option == "--help" ? 0 : exit_usage;
  }
  if (!is_socket(STDIN_FILENO)) {
    std::fputs("atelier-courier: standard input is not the dispatcher's socket\n", stderr);
    return exit_usage;
  }
  try {
    return serve(argv[2]);
  } catch (const std::exception &error) {
    std::fprintf(stderr, "atelier-courier: %s\n", error.what());
    return exit_failure;
  }
}
