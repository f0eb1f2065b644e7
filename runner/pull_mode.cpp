#include "runner/pull_mode.hpp"

#include <curl/curl.h>
#include <unistd.h>

#include <cctype>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "runner/device/device.hpp"
#include "runner/models/pipeline.hpp"
#include "runner/pull/log.hpp"
#include "runner/pull/worker.hpp"
#include "runner/service/claimed_picture.hpp"
#include "runner/stop_signal.hpp"

namespace runner {
namespace {

constexpr int exit_refused = 3;

// Of the machine and the device, in the letters that the database allows.
std::string default_name(const std::string &device) {
  constexpr size_t longest = 63;
  char host[256] = {};
  gethostname(host, sizeof host - 1);
  std::string name = host + ("-" + device);
  for (auto &letter : name) {
    const auto code = static_cast<unsigned char>(letter);
    letter = std::isalnum(code) != 0 || letter == '.' || letter == '_'
                 ? static_cast<char>(std::tolower(code))
                 : '-';
  }
  name.erase(0, name.find_first_not_of("-._"));
  return name.substr(0, longest);
}

int work(const Options &options) {
  const pull::DoorOptions door_options{options.pull.url,
                                       Secret(options.pull.key_file, "ATELIER_KEY"),
                                       options.pull.ca_file, options.pull.plain_http};
  const auto open = [&door_options] { return pull::open_door(door_options); };
  const auto device = open_device(options.device);
  const auto device_id = device->status().id;
  const pull::Registration registration{
      options.pull.name.empty() ? default_name(device_id) : options.pull.name,
      options.pull.provider,
      {options.model_id},
      options.pull.max_jobs};
  // Before the model, which may take minutes: a wrong key is known at once.
  const auto worker_id = pull::register_patiently(*open(), registration, {});
  device->enter_thread();
  const Pipeline pipeline(options.model, options.variant, *device);
  const ClaimedPictures pictures(pipeline, options);
  const StopSignal stop;
  pull::Worker worker(
      {worker_id, registration}, open,
      [&pictures](const auto &claim, const auto &is_cancelled, const auto &on_progress) {
        return pictures.make(claim, is_cancelled, on_progress);
      },
      [&device] { device->enter_thread(); }, stop.descriptor());
  pull::log(std::string(ATELIER_VERSION) + ": " + options.model_id + " on " + device_id +
            ", claiming as " + registration.name + " from " + options.pull.url);
  if (worker.run()) return EXIT_SUCCESS;
  pull::log("ended with results that could not be delivered");
  return EXIT_FAILURE;
}

}  // namespace

int pull_jobs(const Options &options) {
  std::signal(SIGPIPE, SIG_IGN);  // a server may close a connection at any time
  curl_global_init(CURL_GLOBAL_DEFAULT);
  try {
    return work(options);
  } catch (const pull::DoorError &error) {
    pull::log(error.what());
    return error.trouble == pull::Trouble::refused ? exit_refused : EXIT_FAILURE;
  }
}

}  // namespace runner
