// atelier-runner: loads one model onto one device and serves it over HTTP, or claims jobs for it,
// until it is told to stop. It listens only once the model is loaded, so whoever can connect gets
// pictures.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "runner/device/device.hpp"
#include "runner/http/server.hpp"
#include "runner/models/pipeline.hpp"
#include "runner/options.hpp"
#include "runner/pull_mode.hpp"
#include "runner/secret.hpp"
#include "runner/service/api.hpp"
#include "runner/stop_signal.hpp"

namespace {

using Clock = std::chrono::steady_clock;

// OpenMP's threads wait for each other by spinning. Beside other work on the same processors, each
// of the thousands of meetings in a picture then costs a time slice: a picture takes many times as
// long as on one thread. The policy is read while the program is being loaded, so the program has
// to be loaded again to change it.
void let_waiting_threads_sleep(char **arguments) {
  if (std::getenv("OMP_WAIT_POLICY") != nullptr) return;
  setenv("OMP_WAIT_POLICY", "passive", 0);
  execv("/proc/self/exe", arguments);
}

int serve(const runner::Options &options) {
  const auto start = Clock::now();
  const auto address = runner::Address::parse(options.listen);
  const auto token =
      options.token_file.empty() ? std::string() : runner::read_secret_file(options.token_file);
  runner::check_is_free(address);
  const auto device = runner::open_device(options.device);
  device->enter_thread();
  const runner::Pipeline pipeline(options.model, options.variant, *device);

  const runner::ApiOptions api_options{options.model_id, token, options.max_pixels,
                                       options.max_steps, static_cast<size_t>(options.max_queue)};
  runner::Api api(pipeline, *device, api_options);
  runner::HttpLimits http_limits;
  http_limits.max_connections = api_options.max_queue + 64;
  const runner::StopSignal stop;
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
  stop.wait();
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
    runner::handle_stop_signals();
    return options.pull.url.empty() ? serve(options) : runner::pull_jobs(options);
  } catch (const std::invalid_argument &error) {
    std::fprintf(stderr, "atelier-runner: %s\nTry --help.\n", error.what());
    return 2;
  } catch (const std::exception &error) {
    std::fprintf(stderr, "atelier-runner: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
