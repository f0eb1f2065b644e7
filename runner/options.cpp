#include "runner/options.hpp"

#include <charconv>
#include <functional>
#include <map>
#include <stdexcept>

namespace runner {
namespace {

int64_t parse_count(const std::string &name, const std::string &text, int64_t least, int64_t most) {
  int64_t value = 0;
  const auto *end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || value < least || value > most) {
    throw std::invalid_argument(name + " must be a number between " + std::to_string(least) +
                                " and " + std::to_string(most) + ", not \"" + text + "\"");
  }
  return value;
}

std::string folder_name(const std::filesystem::path &folder) {
  const auto absolute = std::filesystem::absolute(folder).lexically_normal();
  return (absolute.has_filename() ? absolute : absolute.parent_path()).filename().string();
}

}  // namespace

const char *usage_text() {
  return R"(Usage: atelier-runner --model DIR [OPTION]...
Serves a text-to-image model over HTTP (POST /v1/images/generations, GET /v1/models, GET /health).

  --model DIR         an SDXL-family checkpoint folder in the diffusers layout
  --model-id NAME     what clients call the model (default: the folder's name)
  --variant NAME      which weights to load, for example fp16, where a folder has several
  --listen ADDRESS    unix:PATH or tcp:HOST:PORT (default: tcp:127.0.0.1:8790)
  --device DEVICE     auto, cpu or cuda:N (default: auto)
  --threads N         threads to compute with on the CPU (default: all processors)
  --token-file PATH   file with the bearer token that clients must send
  --max-pixels N      largest width x height (default: four times the model's own size)
  --max-steps N       most steps of one picture (default: 150)
  --max-queue N       requests that may wait (default: 32)
  --help, --version
)";
}

Options parse_options(std::span<const char *const> arguments) {
  Options options;
  const std::map<std::string, std::function<void(const std::string &)>> setters = {
      {"--model", [&](const auto &value) { options.model = value; }},
      {"--model-id", [&](const auto &value) { options.model_id = value; }},
      {"--variant", [&](const auto &value) { options.variant = value; }},
      {"--listen", [&](const auto &value) { options.listen = value; }},
      {"--device", [&](const auto &value) { options.device.device = value; }},
      {"--threads",
       [&](const auto &value) {
         options.device.threads = static_cast<int>(parse_count("--threads", value, 0, 1024));
       }},
      {"--token-file", [&](const auto &value) { options.token_file = value; }},
      {"--max-pixels",
       [&](const auto &value) {
         options.max_pixels = parse_count("--max-pixels", value, 1, int64_t{1} << 32);
       }},
      {"--max-steps",
       [&](const auto &value) {
         options.max_steps = parse_count("--max-steps", value, 1, 10'000);
       }},
      {"--max-queue", [&](const auto &value) {
         options.max_queue = parse_count("--max-queue", value, 1, 10'000);
       }}};
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string name = arguments[i];
    options.show_help = options.show_help || name == "--help";
    options.show_version = options.show_version || name == "--version";
    if (name == "--help" || name == "--version") continue;
    const auto setter = setters.find(name);
    if (setter == setters.end()) throw std::invalid_argument("unknown option " + name);
    if (i + 1 == arguments.size()) throw std::invalid_argument(name + " needs a value");
    setter->second(arguments[++i]);
  }
  if (options.show_help || options.show_version) return options;
  if (options.model.empty()) throw std::invalid_argument("--model is required");
  if (options.model_id.empty()) options.model_id = folder_name(options.model);
  return options;
}

}  // namespace runner
