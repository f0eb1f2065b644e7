// atelier-runner: loads one model onto one device and serves it over HTTP until it is told to stop.
// It listens only once the model is loaded, so whoever can connect gets pictures.
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "runner/device/device.hpp"
#include "runner/http/server.hpp"
#include "runner/models/pipeline.hpp"
#include "runner/options.hpp"
#include "runner/service/api.hpp"

namespace {

using Clock = std::chrono::steady_clock;

std::string read_token(const std::filesystem::path &file) {
  if (file.empty()) return {};
  std::ifstream stream(file);
  std::string token{std::istreambuf_iterator<char>(stream), {}};
  token.erase(token.find_last_not_of(" \t\r\n") + 1);
  if (!stream || token.empty()) throw std::runtime_error(file.string() + ": holds no token");
  return token;
}

// A signal handler has no other way to reach the rest of the program. Until there is something to
// wind down, the descriptor is negative and a signal simply ends the process, also in the middle of
// loading a large model.
volatile std::sig_atomic_t stop_descriptor = -1;

void on_stop_signal(int) {
  const uint64_t one = 1;
  if (stop_descriptor < 0 || write(stop_descriptor, &one, sizeof one) < 0) _exit(EXIT_SUCCESS);
}

// OpenMP's threads wait for each other by spinning. Beside other work on the same processors, each
// of the thousands of meetings in a picture then costs a time slice: a picture takes many times as
// long as on one thread. The policy is read while the program is being loaded, so the program has
// to be loaded again to change it.
void let_waiting_threads_sleep(char **arguments) {
  if (std::getenv("OMP_WAIT_POLICY") != nullptr) return;
  setenv("OMP_WAIT_POLICY", "passive", 0);
  execv("/proc/self/exe", arguments);
}

void handle_stop_signals() {
  struct sigaction action {};
  action.sa_handler = on_stop_signal;
  action.sa_flags = SA_RESTART;
  for (const int signal : {SIGTERM, SIGINT})
    sigaction(signal, &action, nullptr);
}

int serve(const runner::Options &options) {
  const auto start = Clock::now();
  const auto address = runner::Address::parse(options.listen);
  const auto token = read_token(options.token_file);
  runner::check_is_free(address);
  const auto device = runner::open_device(options.device);
  device->enter_thread();
  const runner::Pipeline pipeline(options.model, options.variant, *device);

  runner::ApiOptions api_options{options.model_id, token, options.max_pixels, options.max_steps,
                                 static_cast<size_t>(options.max_queue)};
  const auto &limits = pipeline.limits();
  if (api_options.max_pixels == 0) {
    api_options.max_pixels = 4 * limits.native_width * limits.native_height;
  }
  runner::Api api(pipeline, *device, api_options);
  runner::HttpLimits http_limits;
  http_limits.max_connections = api_options.max_queue + 64;
  const wire::FileDescriptor stop(eventfd(0, EFD_CLOEXEC));
  stop_descriptor = stop.get();
  const runner::Listener listener(address, !token.empty());
  runner::HttpServer server(
      listener,
      [&api](const runner::HttpRequest &request, runner::Client &client) {
        return api.handle(request, client);
      },
      runner::Api::format_error, http_limits);
  const auto loaded_ms = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  std::fprintf(stderr, "atelier-runner %s: %s on %s, listening on %s after %.0f ms\n",
               ATELIER_VERSION, options.model_id.c_str(), device->status().id.c_str(),
               listener.address().text().c_str(), loaded_ms);
  eventfd_t signals = 0;
  while (eventfd_read(stop.get(), &signals) != 0) {
  }
  api.stop();
  server.stop();
  return EXIT_SUCCESS;
}

}  // namespace

int main(int count, char **arguments) {
  try {
    const auto options =
        runner::parse_options({arguments + 1, static_cast<size_t>(std::max(count - 1, 0))});
    if (options.show_help) {
      std::fputs(runner::usage_text(), stdout);
      return EXIT_SUCCESS;
    }
    if (options.show_version) {
      std::puts("atelier-runner " ATELIER_VERSION);
      return EXIT_SUCCESS;
    }
    let_waiting_threads_sleep(arguments);
    handle_stop_signals();
    return serve(options);
  } catch (const std::invalid_argument &error) {
    std::fprintf(stderr, "atelier-runner: %s\nTry --help.\n", error.what());
    return 2;
  } catch (const std::exception &error) {
    std::fprintf(stderr, "atelier-runner: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
