#include "courier/adapters/lookup_options.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "courier/adapters/options_error.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 7> names = {
    "lookup",        "id_header",       "id_key",       "lookup_state",
    "lookup_states", "lookup_progress", "lookup_result"};
constexpr const char *default_id_header = "X-Request-Id";
constexpr std::size_t max_header_name = 64;

const std::map<std::string, LookupState> obvious_words = {
    {"queued", LookupState::running},     {"pending", LookupState::running},
    {"running", LookupState::running},    {"processing", LookupState::running},
    {"in_queue", LookupState::running},   {"in_progress", LookupState::running},
    {"completed", LookupState::finished}, {"succeeded", LookupState::finished},
    {"finished", LookupState::finished},  {"failed", LookupState::failed},
    {"cancelled", LookupState::failed},   {"canceled", LookupState::failed},
};

[[noreturn]] void refuse(const std::string &why) { throw OptionsError(why); }

std::string text_of(const Json &options, const char *name, const std::string &otherwise) {
  auto const found = options.find(name);
  if (found == options.end()) return otherwise;
  if (!found->is_string()) refuse(std::string(name) + " is not a text");
  return found->get<std::string>();
}

Json::json_pointer pointer_of(const Json &options, const char *name, const char *otherwise) {
  try {
    return Json::json_pointer(text_of(options, name, otherwise));
  } catch (const Json::exception &) {
    refuse(std::string(name) + " is not a JSON pointer");
  }
}

std::optional<LookupState> state_of(const std::string &name) {
  if (name == "running") return LookupState::running;
  if (name == "finished") return LookupState::finished;
  if (name == "failed") return LookupState::failed;
  if (name == "unknown") return LookupState::unknown;
  return std::nullopt;
}

void add_states(const Json &given, std::map<std::string, LookupState> &states) {
  if (!given.is_object()) refuse("lookup_states is not an object");
  for (const auto &[word, name] : given.items()) {
    auto const state = name.is_string() ? state_of(name.get<std::string>()) : std::nullopt;
    if (!state) refuse("lookup_states knows running, finished, failed and unknown");
    states[word] = *state;
  }
}

}  // namespace

bool is_header_name(const std::string &name) {
  return !name.empty() && name.size() <= max_header_name &&
         std::all_of(name.begin(), name.end(), [](char byte) {
           return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                  (byte >= '0' && byte <= '9') || byte == '-';
         });
}

bool is_lookup_option(const std::string &name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

LookupOptions parse_lookup_options(const std::string &text) {
  LookupOptions options;
  if (text.empty() || text == "{}") return options;
  Json const given = Json::parse(text, nullptr, false);
  if (!given.is_object()) refuse("not a JSON object");
  options.path = text_of(given, "lookup", "");
  if (!options.path.empty() &&
      (!options.path.starts_with('/') || options.path.find("{id}") == std::string::npos))
    refuse("lookup does not begin with a slash, or has no {id}");
  options.id_key = text_of(given, "id_key", "");
  bool const in_header = !options.path.empty() && options.id_key.empty();
  options.id_header = text_of(given, "id_header", in_header ? default_id_header : "");
  if (!options.id_header.empty() && !is_header_name(options.id_header))
    refuse("id_header is not the name of a header");
  options.state = pointer_of(given, "lookup_state", "/status");
  options.progress = pointer_of(given, "lookup_progress", "/progress");
  options.result = pointer_of(given, "lookup_result", "").to_string();
  options.states = obvious_words;
  if (given.contains("lookup_states")) add_states(given.at("lookup_states"), options.states);
  return options;
}

}  // namespace courier
