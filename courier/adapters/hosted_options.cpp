#include "courier/adapters/hosted_options.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "courier/adapters/http_json_template.hpp"
#include "courier/attempt_error.hpp"
#include "wire/frame.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;
using wire::ErrorClass;

constexpr std::size_t usual_outputs = 8;
// The names under which models take how many pictures they make.
constexpr std::array<const char *, 5> count_names = {"n", "num_outputs", "num_images", "batch_size",
                                                     "batch_count"};

std::size_t file_count(const Json &value) {
  std::int64_t const count = value.is_number_integer() ? value.get<std::int64_t>() : 0;
  auto const most = static_cast<std::int64_t>(wire::max_frame_descriptors);
  return static_cast<std::size_t>(std::clamp<std::int64_t>(count, 0, most));
}

Json parse_parameters(const wire::Submit &submit) {
  Json const given = Json::parse(submit.parameters, nullptr, false);
  if (!given.is_object())
    throw AttemptError(ErrorClass::invalid_input, "the parameters are not a JSON object");
  Json parameters = Json::object();
  for (const auto &[name, value] : given.items())
    if (!value.is_null()) parameters[name] = value;
  return parameters;
}

}  // namespace

HostedOptions::HostedOptions(const AdapterOptions &given, Renames renames)
    : rename(std::move(renames)),
      max_outputs(given.count("max_outputs", usual_outputs, wire::max_frame_descriptors)),
      fetches_links(given.text("links", "fetch") == "fetch") {
  if (!fetches_links && given.text("links", "") != "keep")
    AdapterOptions::refuse("links is neither keep nor fetch");
  if (const Json &form = given.value("input"); !form.is_null()) input = form;
  Json const names = given.object("rename");
  for (const auto &[name, other] : names.items()) {
    if (!other.is_string()) AdapterOptions::refuse("rename has a name that is no text");
    rename[name] = other.get<std::string>();
  }
}

Json make_input(const HostedOptions &options, const wire::Submit &submit) {
  Json const parameters = parse_parameters(submit);
  if (options.input) {
    std::string const id = submit.attempt.to_string();
    return fill_template(*options.input, {submit.model, id, parameters});
  }
  Json input = parameters;
  for (const auto &[name, other] : options.rename) {
    auto const found = input.find(name);
    if (name == other || found == input.end()) continue;
    if (!input.contains(other)) input[other] = *found;
    input.erase(name);
  }
  return input;
}

std::size_t count_outputs(const HostedOptions &options, const Json &input) {
  std::size_t count = options.max_outputs;
  if (!input.is_object()) return count;
  for (const char *const name : count_names)
    if (input.contains(name)) count = std::max(count, file_count(input.at(name)));
  return count;
}

std::int64_t seconds_of(const wire::Submit &submit) {
  constexpr std::int64_t thousand = 1000;
  constexpr std::int64_t longest = 86400;  // what an endpoint may allow
  if (submit.total_timeout_ms == 0) return longest;
  return (std::int64_t{submit.total_timeout_ms} + thousand - 1) / thousand;
}

std::string to_body(const Json &document) {
  try {
    return document.dump();
  } catch (const Json::type_error &) {
    throw AttemptError(ErrorClass::invalid_input, "the request is not valid UTF-8");
  }
}

}  // namespace courier
