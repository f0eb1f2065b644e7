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

bool is_uuid(std::string_view text) noexcept {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    bool const dash = i == 8 || i == 13 || i == 18 || i == 23;
    char const c = text[i];
    bool const hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (dash ? c != '-' : !hex) return false;
  }
  return true;
}

}  // namespace claims
