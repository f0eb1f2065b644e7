#include "runner/checkpoint/config.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

namespace runner {

nlohmann::json parse_json(const std::string &text, const std::string &origin) {
  auto parsed = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (parsed.is_discarded()) throw CheckpointError(origin + ": is not valid JSON");
  if (!parsed.is_object()) throw CheckpointError(origin + ": is not a JSON object");
  return parsed;
}

nlohmann::json load_json(const std::filesystem::path &file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw CheckpointError(file.string() + ": cannot be read");
  return parse_json({std::istreambuf_iterator<char>(stream), {}}, file.string());
}

Config Config::load(const std::filesystem::path &file) { return {load_json(file), file.string()}; }

Config::Config(nlohmann::json settings, std::string origin)
    : settings_(std::move(settings)), origin_(std::move(origin)) {}

bool Config::has(const std::string &key) const {
  const auto found = settings_.find(key);
  return found != settings_.end() && !found->is_null();
}

const nlohmann::json &Config::find_required(const std::string &key) {
  used_.insert(key);
  if (!has(key)) refuse(key, "is missing");
  return settings_.at(key);
}

int64_t Config::required_positive(const std::string &key) {
  constexpr int64_t limit = 1 << 20;
  const auto value = required<int64_t>(key);
  if (value < 1 || value > limit) refuse(key, "is out of range: " + std::to_string(value));
  return value;
}

std::vector<int64_t> Config::per_block(const std::string &key, size_t blocks) {
  const auto &value = find_required(key);
  auto numbers = value.is_array() ? convert<std::vector<int64_t>>(key, value)
                                  : std::vector<int64_t>(blocks, convert<int64_t>(key, value));
  if (numbers.size() != blocks) {
    refuse(key, "needs one number for each of the " + std::to_string(blocks) + " blocks");
  }
  if (std::any_of(numbers.begin(), numbers.end(), [](int64_t n) { return n < 1; })) {
    refuse(key, "must be positive: " + value.dump());
  }
  return numbers;
}

void Config::must_be(const std::string &key, std::initializer_list<nlohmann::json> supported) {
  used_.insert(key);
  if (!has(key)) return;
  const auto &value = settings_.at(key);
  if (std::find(supported.begin(), supported.end(), value) != supported.end()) return;
  std::string choices;
  for (const auto &choice : supported)
    choices += (choices.empty() ? "" : " or ") + choice.dump();
  refuse(key, "is " + value.dump() + "; only " + choices + " is supported");
}

void Config::ignore(std::initializer_list<const char *> keys) {
  used_.insert(keys.begin(), keys.end());
}

void Config::finish() const {
  for (const auto &[key, value] : settings_.items()) {
    const bool harmless = value.is_null() || value == false || key.starts_with('_');
    if (!harmless && !used_.contains(key)) {
      refuse(key, "is not supported (value " + value.dump() + ")");
    }
  }
}

void Config::refuse(const std::string &key, const std::string &reason) const {
  throw CheckpointError(origin_ + ": setting \"" + key + "\" " + reason);
}

}  // namespace runner
