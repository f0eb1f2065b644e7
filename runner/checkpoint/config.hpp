// A component's JSON configuration, read so that nothing in it is silently ignored: every setting
// is either used, checked against the values this code implements, or named as irrelevant. What is
// left over is refused.
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace runner {

class CheckpointError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Config {
 public:
  static Config load(const std::filesystem::path &file);
  Config(nlohmann::json settings, std::string origin);

  bool has(const std::string &key) const;

  template <class T>
  T required(const std::string &key) {
    return convert<T>(key, find_required(key));
  }

  template <class T>
  T value_or(const std::string &key, T fallback) {
    used_.insert(key);
    return has(key) ? convert<T>(key, settings_.at(key)) : fallback;
  }

  int64_t required_positive(const std::string &key);

  // One number for every block, or a list with one number per block.
  std::vector<int64_t> per_block(const std::string &key, size_t blocks);

  // A setting this code implements only for some values; absent and null mean the first one.
  void must_be(const std::string &key, std::initializer_list<nlohmann::json> supported);

  // Settings without influence on inference.
  void ignore(std::initializer_list<const char *> keys);

  // Refuses every setting that was neither used nor ignored, unless it is null, false or private
  // ("_class_name").
  void finish() const;

  [[noreturn]] void refuse(const std::string &key, const std::string &reason) const;
  const std::string &origin() const { return origin_; }

 private:
  template <class T>
  T convert(const std::string &key, const nlohmann::json &value) const {
    try {
      return value.get<T>();
    } catch (const nlohmann::json::exception &) {
      refuse(key, "has the wrong type: " + value.dump());
    }
  }

  const nlohmann::json &find_required(const std::string &key);

  nlohmann::json settings_;
  std::string origin_;
  std::set<std::string> used_;
};

nlohmann::json parse_json(const std::string &text, const std::string &origin);
nlohmann::json load_json(const std::filesystem::path &file);

}  // namespace runner
