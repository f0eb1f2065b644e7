#include "courier/adapters/http_json_values.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <optional>
#include <utility>

#include "courier/adapters/lookup_options.hpp"
#include "courier/adapters/options_error.hpp"

namespace courier {

namespace {

using wire::ErrorClass;

constexpr std::size_t max_path_bytes = 2000;

template <typename Value, std::size_t size>
using Words = std::array<std::pair<std::string_view, Value>, size>;

constexpr Words<Method, 4> methods = {
    {{"GET", Method::get}, {"POST", Method::post}, {"PUT", Method::put}, {"DELETE", Method::del}}};

constexpr Words<JobState, 7> states = {{{"queued", JobState::queued},
                                        {"running", JobState::running},
                                        {"succeeded", JobState::succeeded},
                                        {"failed", JobState::failed},
                                        {"cancelled", JobState::cancelled},
                                        {"content_policy", JobState::content_policy},
                                        {"expired", JobState::expired}}};

constexpr Words<PictureForm, 3> picture_forms = {{{"url", PictureForm::url},
                                                  {"data_url", PictureForm::data_url},
                                                  {"base64", PictureForm::base64}}};

template <typename Value, std::size_t size>
std::optional<Value> find_word(const Words<Value, size> &words, std::string_view word) {
  for (const auto &[name, value] : words)
    if (name == word) return value;
  return std::nullopt;
}

std::optional<ErrorClass> find_error_class(const std::string &name) {
  for (std::uint8_t number = 0; number < wire::error_class_count; ++number) {
    auto const candidate = wire::error_class_from_number(number);
    if (candidate && name == wire::error_class_name(*candidate)) return candidate;
  }
  return std::nullopt;
}

const Json &assert_object(const std::string &name, const Json &value) {
  if (!value.is_object()) refuse_option(name + " is not an object");
  return value;
}

bool all_between(std::string_view text, char first, char last) {
  return std::all_of(text.begin(), text.end(),
                     [=](char byte) { return byte >= first && byte <= last; });
}

// A misspelt name in braces would be sent as it is.
void check_braces(const std::string &name, std::string_view path, PlaceNames known) {
  for (std::size_t at = path.find_first_of("{}"); at != std::string_view::npos;
       at = path.find_first_of("{}", at)) {
    std::size_t const end = path.find('}', at);
    std::string_view const place =
        path.substr(at, end == std::string_view::npos ? end : end - at + 1);
    if (std::find(known.begin(), known.end(), place) == known.end())
      refuse_option(name + " has " + std::string(place) + ", which stands for nothing there");
    at = end + 1;
  }
}

}  // namespace

void refuse_option(const std::string &why) { throw OptionsError(why); }

std::string read_text(const std::string &name, const Json &value) {
  if (!value.is_string()) refuse_option(name + " is not a text");
  return value.get<std::string>();
}

Json::json_pointer read_pointer(const std::string &name, const Json &value) {
  try {
    return Json::json_pointer(read_text(name, value));
  } catch (const Json::exception &) {
    refuse_option(name + " is not a JSON pointer");
  }
}

double read_positive(const std::string &name, const Json &value) {
  double const number = value.is_number() ? value.get<double>() : 0;
  if (!(number > 0) || !std::isfinite(number)) refuse_option(name + " is not a number above 0");
  return number;
}

std::size_t read_count(const std::string &name, const Json &value, std::size_t highest) {
  std::uint64_t const number = value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
  if (number < 1 || number > highest)
    refuse_option(name + " is not an integer from 1 to " + std::to_string(highest));
  return number;
}

std::chrono::milliseconds read_milliseconds(const std::string &name, const Json &value) {
  constexpr std::size_t shortest = 50;
  constexpr std::size_t longest = 600000;
  std::size_t const number = read_count(name, value, longest);
  if (number < shortest)
    refuse_option(name + " is under " + std::to_string(shortest) + " milliseconds");
  return std::chrono::milliseconds(number);
}

std::string read_member_name(const std::string &name, const Json &value) {
  std::string text = read_text(name, value);
  if (text.empty()) refuse_option(name + " is empty");
  return text;
}

std::string read_header_name(const std::string &name, const Json &value) {
  std::string text = read_text(name, value);
  if (!is_header_name(text)) refuse_option(name + " is not the name of a header");
  return text;
}

RequestForm read_request_form(const std::string &name, const Json &value, Method usual,
                              PlaceNames known) {
  RequestForm form{usual, read_text(name, value)};
  std::size_t const space = form.path.find(' ');
  if (space != std::string::npos) {
    auto const method = find_word(methods, form.path.substr(0, space));
    if (!method) refuse_option(name + " begins with a method other than GET, POST, PUT and DELETE");
    form.method = *method;
    form.path.erase(0, space + 1);
  }
  if (!form.path.starts_with('/')) refuse_option(name + " does not begin with a slash");
  if (form.path.size() > max_path_bytes || !all_between(form.path, '\x21', '\x7e') ||
      form.path.find('#') != std::string::npos)
    refuse_option(name + " is not a path that can be sent");
  check_braces(name, form.path, known);
  return form;
}

std::map<std::string, std::string> read_headers(const std::string &name, const Json &value) {
  std::map<std::string, std::string> headers;
  for (const auto &[header, text] : assert_object(name, value).items()) {
    if (!is_header_name(header)) refuse_option(name + " has a name that is none");
    if (!all_between(read_text(name, text), '\x20', '\x7e'))
      refuse_option(name + " has a value that is none");
    headers.emplace(header, text.get<std::string>());
  }
  return headers;
}

std::map<std::string, ErrorClass> read_error_classes(const std::string &name, const Json &value) {
  std::map<std::string, ErrorClass> classes;
  for (const auto &[code, word] : assert_object(name, value).items()) {
    auto const known = find_error_class(read_text(name, word));
    if (!known) refuse_option(name + ": there is no error class " + word.get<std::string>());
    classes.emplace(code, *known);
  }
  return classes;
}

std::map<std::string, JobState> read_states(const std::string &name, const Json &value) {
  std::map<std::string, JobState> found;
  for (const auto &[word, meaning] : assert_object(name, value).items()) {
    auto const state = find_word(states, read_text(name, meaning));
    if (!state)
      refuse_option(name +
                    " knows queued, running, succeeded, failed, cancelled, content_policy and "
                    "expired, and not " +
                    meaning.get<std::string>());
    found.emplace(word, *state);
  }
  return found;
}

std::map<std::string, PictureForm> read_pictures(const std::string &name, const Json &value) {
  std::map<std::string, PictureForm> found;
  for (const auto &[parameter, word] : assert_object(name, value).items()) {
    auto const form = find_word(picture_forms, read_text(name, word));
    if (!form)
      refuse_option(name + " knows url, data_url and base64, and not " + word.get<std::string>());
    found.emplace(parameter, *form);
  }
  return found;
}

std::map<std::string, Json::json_pointer> read_pointers(const std::string &name,
                                                        const Json &value) {
  std::map<std::string, Json::json_pointer> found;
  for (const auto &[member, place] : assert_object(name, value).items()) {
    std::string full_name = name;
    full_name.append(".").append(member);
    found.emplace(member, read_pointer(full_name, place));
  }
  return found;
}

std::vector<OutputPlaces> read_outputs(const std::string &name, const Json &value, bool base64) {
  std::vector<OutputPlaces> found;
  for (const Json &one : value.is_array() ? value : Json::array({value})) {
    auto places = JsonPlaces::parse(read_text(name, one));
    if (!places) refuse_option(name + " is not a JSON pointer");
    found.push_back({std::move(*places), base64});
  }
  if (found.empty()) refuse_option(name + " is empty");
  return found;
}

std::vector<std::string> read_hosts(const std::string &name, const Json &value) {
  constexpr std::size_t longest_host = 253;
  if (!value.is_array()) refuse_option(name + " is not an array");
  std::vector<std::string> hosts;
  for (const Json &one : value) {
    std::string const host = read_text(name, one);
    bool const is_host = !host.empty() && host.size() <= longest_host &&
                         std::all_of(host.begin(), host.end(), [](unsigned char byte) {
                           return std::isalnum(byte) != 0 || byte == '-' || byte == '.';
                         });
    if (!is_host) refuse_option(name + " has a host name that is none");
    hosts.push_back(host);
  }
  return hosts;
}

}  // namespace courier
