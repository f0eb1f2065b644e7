#include "courier/adapters/replicate_target.hpp"

#include <algorithm>
#include <string_view>

#include "courier/adapters/hosted_job.hpp"
#include "courier/attempt_error.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;
using wire::ErrorClass;

constexpr std::string_view deployments = "deployments/";
constexpr std::string_view trainings = "trainings/";

[[noreturn]] void refuse(const std::string &model) {
  throw AttemptError(ErrorClass::invalid_input,
                     "the model's name \"" + model +
                         "\" is neither owner/name, owner/name:version, a version, "
                         "deployments/owner/name nor trainings/owner/name:version");
}

bool is_version(std::string_view text) {
  constexpr std::size_t digits = 64;
  return text.size() == digits && std::all_of(text.begin(), text.end(), [](char byte) {
           return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
         });
}

bool is_owner_and_name(std::string_view text) {
  return is_plain_path(text) && std::count(text.begin(), text.end(), '/') == 1 &&
         text.front() != '/' && text.back() != '/';
}

void check_text(const std::string &text, const std::string &place) {
  constexpr std::size_t most = std::size_t{256} << 10;
  if (!text.starts_with("data:") || text.size() <= most) return;
  throw AttemptError(ErrorClass::invalid_input,
                     place + " is a data: URL of " + std::to_string(text.size()) +
                         " bytes; Replicate takes " + std::to_string(most) +
                         ", larger files need an https URL");
}

void check(const Json &value, const std::string &place) {
  if (value.is_string()) check_text(value.get_ref<const std::string &>(), place);
  if (!value.is_structured()) return;
  for (const auto &[key, member] : value.items()) {
    std::string inner = place;
    inner.append(value.is_array() ? "[" + key + "]" : "." + key);
    check(member, inner);
  }
}

}  // namespace

ReplicateTarget parse_replicate_target(const std::string &model) {
  std::string_view rest = model;
  bool const is_deployment = rest.starts_with(deployments);
  bool const is_training = rest.starts_with(trainings);
  if (is_version(rest)) return {"/predictions", "/predictions", model};
  if (is_deployment) rest.remove_prefix(deployments.size());
  if (is_training) rest.remove_prefix(trainings.size());
  std::size_t const colon = rest.find(':');
  std::string const name(rest.substr(0, colon));
  std::string const version(colon == std::string_view::npos ? "" : rest.substr(colon + 1));
  bool const has_version = colon != std::string_view::npos;
  if (!is_owner_and_name(name)) refuse(model);
  if (has_version && (!is_plain_path(version) || version.find('/') != std::string::npos))
    refuse(model);
  if (is_training) {
    if (!has_version) refuse(model);
    return {"/models/" + name + "/versions/" + version + "/trainings", "/trainings", ""};
  }
  if (is_deployment) {
    if (has_version) refuse(model);
    return {"/deployments/" + name + "/predictions", "/predictions", ""};
  }
  if (has_version) return {"/predictions", "/predictions", model};
  return {"/models/" + name + "/predictions", "/predictions", ""};
}

void check_replicate_input(const Json &input) { check(input, "input"); }

}  // namespace courier
