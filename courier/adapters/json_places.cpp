#include "courier/adapters/json_places.hpp"

#include <algorithm>

namespace courier {

namespace {

// "~1" stands for a slash and "~0" for a tilde.
std::optional<std::string> unescape(std::string_view token) {
  std::string out;
  for (std::size_t at = 0; at < token.size(); ++at) {
    if (token[at] != '~') {
      out += token[at];
      continue;
    }
    ++at;
    if (at == token.size() || (token[at] != '0' && token[at] != '1')) return std::nullopt;
    out += token[at] == '0' ? '~' : '/';
  }
  return out;
}

}  // namespace

std::optional<JsonPlaces> JsonPlaces::parse(std::string_view text) {
  JsonPlaces places;
  while (!text.empty()) {
    if (text.front() != '/') return std::nullopt;
    text.remove_prefix(1);
    std::size_t const end = std::min(text.find('/'), text.size());
    auto step = unescape(text.substr(0, end));
    if (!step) return std::nullopt;
    places.steps_.push_back(std::move(*step));
    text.remove_prefix(end);
  }
  return places;
}

bool JsonPlaces::contain(const json::Path &path) const {
  auto const same = [](const std::string &wanted, const json::Step &step) {
    if (!step.in_array) return wanted == step.key;
    return wanted == "*" || wanted == std::to_string(step.index);
  };
  return std::equal(steps_.begin(), steps_.end(), path.begin(), path.end(), same);
}

std::string to_pointer(const json::Path &path) {
  std::string out;
  for (const json::Step &step : path)
    out += "/" + (step.in_array ? std::to_string(step.index) : step.key);
  return out;
}

}  // namespace courier
