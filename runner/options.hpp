// The command line of atelier-runner.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "runner/device/device.hpp"

namespace runner {

// How it works for a database that cannot connect to it; unused while the URL is empty.
struct PullOptions {
  std::string url;
  std::string name;  // empty: of the machine and the device
  std::string provider = "atelier-runner";
  std::filesystem::path key_file;
  std::filesystem::path ca_file;
  int64_t max_jobs = 2;  // one is computed while another one is delivered or fetched
  bool plain_http = false;
};

struct Options {
  std::filesystem::path model;
  std::string model_id;  // the folder's name, unless given
  std::string variant;
  std::string listen = "tcp:127.0.0.1:8790";
  DeviceOptions device;
  std::filesystem::path token_file;
  int64_t max_pixels = 0;  // 0: four times the model's own size
  int64_t max_steps = 150;
  int64_t max_queue = 32;
  PullOptions pull;
  bool show_help = false, show_version = false;
};

// Throws std::invalid_argument.
Options parse_options(std::span<const char *const> arguments);

const char *usage_text();

}  // namespace runner
