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

using Setter = std::function<void(const std::string &)>;
using Setters = std::map<std::string, Setter>;

std::map<std::string, bool *> flags_of(Options &options) {
  return {{"--help", &options.show_help},
          {"--version", &options.show_version},
          {"--plain-http", &options.pull.plain_http}};
}

Setters common_setters(Options &options) {
  return {{"--model", [&](const auto &value) { options.model = value; }},
          {"--model-id", [&](const auto &value) { options.model_id = value; }},
          {"--variant", [&](const auto &value) { options.variant = value; }},
          {"--device", [&](const auto &value) { options.device.device = value; }},
          {"--threads",
           [&](const auto &value) {
             options.device.threads = static_cast<int>(parse_count("--threads", value, 0, 1024));
           }},
          {"--max-pixels",
           [&](const auto &value) {
             options.max_pixels = parse_count("--max-pixels", value, 1, int64_t{1} << 32);
           }},
          {"--max-steps", [&](const auto &value) {
             options.max_steps = parse_count("--max-steps", value, 1, 10'000);
           }}};
}

Setters serving_setters(Options &options) {
  return {{"--listen", [&](const auto &value) { options.listen = value; }},
          {"--token-file", [&](const auto &value) { options.token_file = value; }},
          {"--max-queue", [&](const auto &value) {
             options.max_queue = parse_count("--max-queue", value, 1, 10'000);
           }}};
}

Setters pulling_setters(Options &options) {
  auto &pull = options.pull;
  return {{"--pull", [&](const auto &value) { pull.url = value; }},
          {"--name", [&](const auto &value) { pull.name = value; }},
          {"--provider", [&](const auto &value) { pull.provider = value; }},
          {"--key-file", [&](const auto &value) { pull.key_file = value; }},
          {"--ca-file", [&](const auto &value) { pull.ca_file = value; }},
          {"--max-jobs",
           [&](const auto &value) { pull.max_jobs = parse_count("--max-jobs", value, 1, 1000); }}};
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

Instead of serving, it claims jobs itself, where nobody can connect to it:

  --pull URL          https://HOST of PostgREST, or postgresql://USER@HOST/DATABASE
  --key-file PATH     file with the API key, or with a token for PostgREST
                      (default: the environment variable ATELIER_KEY)
  --name NAME         the worker's name, one for each process (default: of machine and device)
  --provider NAME     whose models it has (default: atelier-runner)
  --max-jobs N        jobs in hand: one is computed, the others wait (default: 2)
  --ca-file PATH      certificates to trust (default: those that the system trusts)
  --plain-http        allow http:// to other machines, which sends the key unencrypted

  --help, --version
)";
}

Options parse_options(std::span<const char *const> arguments) {
  Options options;
  const auto flags = flags_of(options);
  const auto common = common_setters(options);
  const auto serving = serving_setters(options), pulling = pulling_setters(options);
  std::string serves, pulls;  // an option that says so
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string name = arguments[i];
    if (serving.contains(name)) serves = name;
    if (pulling.contains(name) || name == "--plain-http") pulls = name;
    if (const auto flag = flags.find(name); flag != flags.end()) {
      *flag->second = true;
      continue;
    }
    const Setter *setter = nullptr;
    for (const auto *group : {&common, &serving, &pulling}) {
      if (const auto found = group->find(name); found != group->end()) setter = &found->second;
    }
    if (setter == nullptr) throw std::invalid_argument("unknown option " + name);
    if (i + 1 == arguments.size()) throw std::invalid_argument(name + " needs a value");
    (*setter)(arguments[++i]);
  }
  if (options.show_help || options.show_version) return options;
  if (options.model.empty()) throw std::invalid_argument("--model is required");
  if (options.model_id.empty()) options.model_id = folder_name(options.model);
  const bool pull = !options.pull.url.empty();
  if (pull && !serves.empty()) throw std::invalid_argument("with --pull there is no " + serves);
  if (!pull && !pulls.empty()) throw std::invalid_argument(pulls + " belongs to --pull URL");
  return options;
}

}  // namespace runner
