#include "courier/adapters/adapter_options.hpp"

#include <algorithm>
#include <cstdint>

#include "courier/adapters/lookup_options.hpp"
#include "courier/attempt_error.hpp"

namespace courier {

using Json = nlohmann::json;

void AdapterOptions::refuse(const std::string &why) {
  throw AttemptError(wire::ErrorClass::invalid_input,
                     "adapter_options of the provider or the model: " + why);
}

AdapterOptions::AdapterOptions(std::string_view adapter, const std::string &text,
                               std::initializer_list<std::string_view> names) {
  if (text.empty()) return;
  given_ = Json::parse(text, nullptr, false);
  if (!given_.is_object()) refuse("not a JSON object");
  for (const auto &[name, value] : given_.items())
    if (std::find(names.begin(), names.end(), name) == names.end() && !is_lookup_option(name))
      refuse("the adapter " + std::string(adapter) + " has no option \"" + name + "\"");
}

const Json &AdapterOptions::value(const char *name) const {
  static const Json none;
  auto const found = given_.find(name);
  return found == given_.end() ? none : *found;
}

std::string AdapterOptions::text(const char *name, const std::string &otherwise) const {
  const Json &given = value(name);
  if (given.is_null()) return otherwise;
  if (!given.is_string()) refuse(std::string(name) + " is not a text");
  return given.get<std::string>();
}

bool AdapterOptions::flag(const char *name, bool otherwise) const {
  const Json &given = value(name);
  if (given.is_null()) return otherwise;
  if (!given.is_boolean()) refuse(std::string(name) + " is neither true nor false");
  return given.get<bool>();
}

std::size_t AdapterOptions::count(const char *name, std::size_t otherwise,
                                  std::size_t highest) const {
  const Json &given = value(name);
  if (given.is_null()) return otherwise;
  if (!given.is_number_unsigned() || given.get<std::uint64_t>() < 1 ||
      given.get<std::uint64_t>() > highest)
    refuse(std::string(name) + " is not an integer from 1 to " + std::to_string(highest));
  return given.get<std::size_t>();
}

Json AdapterOptions::object(const char *name) const {
  const Json &given = value(name);
  if (given.is_null()) return Json::object();
  if (!given.is_object()) refuse(std::string(name) + " is not an object");
  return given;
}

}  // namespace courier
