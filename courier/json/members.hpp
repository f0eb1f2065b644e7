// members.hpp -- looking into documents of strangers, where any member may be missing or of another
// type.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace courier::json {

// Null also where object is none, and for a member that is null.
inline const nlohmann::json *member(const nlohmann::json &object, const char *name) {
  if (!object.is_object()) return nullptr;
  auto const found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

// The array or object of that name, else an empty value that one can look into, too.
inline const nlohmann::json &structure(const nlohmann::json &object, const char *name) {
  static const nlohmann::json nothing = nlohmann::json::array();
  const nlohmann::json *const found = member(object, name);
  return found != nullptr && found->is_structured() ? *found : nothing;
}

// Empty where there is no such text.
inline std::string text(const nlohmann::json &object, const char *name) {
  const nlohmann::json *const found = member(object, name);
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string{};
}

// A whole number that is not negative.
inline std::optional<std::int64_t> count(const nlohmann::json &object, const char *name) {
  const nlohmann::json *const found = member(object, name);
  if (found == nullptr || !found->is_number_integer()) return std::nullopt;
  if (found->is_number_unsigned() && found->get<std::uint64_t>() > INT64_MAX) return std::nullopt;
  std::int64_t const value = found->get<std::int64_t>();
  return value < 0 ? std::nullopt : std::optional<std::int64_t>(value);
}

}  // namespace courier::json
