#include "src/functions/claims.hpp"

#include <nlohmann/json.hpp>

namespace claims {
namespace {

using nlohmann::json;

constexpr int max_depth = 64;

std::optional<std::string> text_of(const json &object, const char *key) {
  auto const found = object.find(key);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Claims parse(std::string_view text) {
  Claims out;
  bool acceptable = true;
  auto const inspect = [&](int depth, json::parse_event_t event, json &value) {
    if (depth > max_depth) acceptable = false;
    bool const is_text = event == json::parse_event_t::key ||
                         (event == json::parse_event_t::value && value.is_string());
    if (is_text && value.get_ref<const std::string &>().find('\0') != std::string::npos)
      acceptable = false;
    return acceptable;
  };
  json const object = json::parse(text.begin(), text.end(), inspect, false);
  if (!acceptable || !object.is_object()) return out;
  out.valid = true;
  out.sub = text_of(object, "sub");
  out.role = text_of(object, "role");
  out.email = text_of(object, "email");
  return out;
}

std::optional<Uuid> uuid_of(std::string_view text) noexcept {
  if (text.size() != 36) return std::nullopt;
  Uuid out{};
  size_t digits = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    int const digit = hex_digit(text[i]);
    if (digit < 0) return std::nullopt;
    out[digits / 2] = static_cast<unsigned char>(out[digits / 2] << 4 | digit);
    ++digits;
  }
  return out;
}

}  // namespace claims
