#include "courier/adapters/fal_places.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "courier/adapters/hosted_job.hpp"
#include "courier/attempt_error.hpp"
#include "courier/json/members.hpp"

namespace courier {

namespace {

using wire::ErrorClass;

std::vector<std::string> split(const std::string &path) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t slash = path.find('/'); slash != std::string::npos;
       slash = path.find('/', begin)) {
    parts.push_back(path.substr(begin, slash - begin));
    begin = slash + 1;
  }
  parts.push_back(path.substr(begin));
  return parts;
}

std::size_t parts_before_path(const std::vector<std::string> &parts) {
  bool const has_namespace = parts.front() == "workflows" || parts.front() == "comfy";
  return has_namespace ? 3 : 2;
}

// Letters of RFC 3986 that stand for themselves.
bool is_unreserved(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9') || byte == '-' || byte == '_' || byte == '.' || byte == '~';
}

bool is_query(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char byte) {
    return is_unreserved(byte) || byte == '=' || byte == '&' || byte == '%';
  });
}

std::optional<HttpRequest> place_of(const std::string &url, std::string endpoint) {
  while (endpoint.ends_with('/'))
    endpoint.pop_back();
  if (!url.starts_with(endpoint + "/")) return std::nullopt;
  std::string const place = url.substr(endpoint.size());
  std::size_t const question = std::min(place.find('?'), place.size());
  HttpRequest request;
  request.path = place.substr(0, question);
  if (question < place.size()) request.query = place.substr(question + 1);
  if (!is_plain_path(request.path) || !is_query(request.query)) return std::nullopt;
  return request;
}

}  // namespace

void check_fal_model(const std::string &model) {
  std::vector<std::string> const parts = split(model);
  bool const is_whole = std::none_of(parts.begin(), parts.end(),
                                     [](const std::string &part) { return part.empty(); });
  if (is_plain_path(model) && is_whole && parts.size() >= parts_before_path(parts)) return;
  throw AttemptError(ErrorClass::invalid_input,
                     "the model's name \"" + model + "\" is neither owner/app nor owner/app/path");
}

FalPlaces make_fal_places(const std::string &model, const std::string &id) {
  std::vector<std::string> const parts = split(model);
  std::string path;
  for (std::size_t i = 0; i < parts_before_path(parts); ++i)
    path.append("/").append(parts.at(i));
  path.append("/requests/").append(id);
  FalPlaces places;
  places.status.path = path + "/status";
  places.result.path = path;
  places.cancel.path = path + "/cancel";
  return places;
}

void take_fal_places(const nlohmann::json &answer, const std::string &endpoint, FalPlaces &places) {
  for (auto const &[name, place] :
       {std::pair{"status_url", &places.status}, std::pair{"response_url", &places.result},
        std::pair{"cancel_url", &places.cancel}})
    if (auto named = place_of(json::text(answer, name), endpoint)) *place = std::move(*named);
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  for (char const byte : text) {
    if (is_unreserved(byte)) {
      encoded += byte;
      continue;
    }
    auto const value = static_cast<unsigned char>(byte);
    encoded += '%';
    encoded += digits[value >> 4U];
    encoded += digits[value & 15U];
  }
  return encoded;
}

}  // namespace courier
