// The command line of atelier-runner.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "runner/device/device.hpp"

namespace runner {

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
  bool show_help = false, show_version = false;
};

// Throws std::invalid_argument.
Options parse_options(std::span<const char *const> arguments);

const char *usage_text();

}  // namespace runner
