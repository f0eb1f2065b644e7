#include "courier/adapters/parameter_words.hpp"

#include <utility>

#include "courier/adapters/options_error.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;

[[noreturn]] void refuse(const std::string &why) { throw OptionsError(why); }

// Takes it out; an empty object when it is not given.
Json take_object(Json &options, const char *name) {
  auto const found = options.find(name);
  if (found == options.end() || found->is_null()) return Json::object();
  if (!found->is_object()) refuse(std::string(name) + " is not an object");
  Json object = std::move(*found);
  options.erase(found);
  return object;
}

// As the keys of an object write it: texts as they are, all else as JSON.
std::string word_of(const Json &value) {
  return value.is_string() ? value.get<std::string>()
                           : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

ParameterWords::ParameterWords(const std::string &options, bool with_renames)
    : others_(options.empty() ? Json::object() : Json::parse(options, nullptr, false)) {
  if (!others_.is_object()) refuse("not a JSON object");
  Json const values = take_object(others_, "values");
  for (const auto &[name, words] : values.items()) {
    if (!words.is_object()) refuse("values." + name + " is not an object");
    values_[name] = words;
  }
  if (!with_renames) return;
  Json const names = take_object(others_, "rename");
  for (const auto &[name, other] : names.items()) {
    if (!other.is_string()) refuse("rename." + name + " is not a text");
    names_[name] = other.get<std::string>();
  }
}

std::string ParameterWords::translate(const std::string &parameters) const {
  if (empty()) return parameters;
  Json const given = Json::parse(parameters, nullptr, false);
  if (!given.is_object()) return parameters;
  Json translated = Json::object();
  auto const add = [&](const std::string &name, const Json &value) {
    auto const renamed = names_.find(name);
    translated[renamed == names_.end() ? name : renamed->second] = value;
  };
  // What the job says itself goes before what follows from another parameter: it is added later.
  for (const auto &[name, words] : values_) {
    if (!given.contains(name)) continue;
    const Json &members = words.value(word_of(given.at(name)), Json());
    if (!members.is_object()) continue;
    for (const auto &[member, value] : members.items())
      add(member, value);
  }
  for (const auto &[name, value] : given.items()) {
    auto const words = values_.find(name);
    Json const other =
        words == values_.end() ? Json() : words->second.value(word_of(value), Json());
    if (!other.is_object()) add(name, other.is_null() ? value : other);
  }
  return translated.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string ParameterWords::others() const { return others_.empty() ? "" : others_.dump(); }

}  // namespace courier
