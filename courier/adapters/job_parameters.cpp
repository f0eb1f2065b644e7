#include "courier/adapters/job_parameters.hpp"

#include <charconv>
#include <string_view>
#include <utility>

#include "courier/attempt_error.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;

[[noreturn]] void refuse(const std::string &why) {
  throw AttemptError(wire::ErrorClass::invalid_input, why);
}

int side_of(std::string_view text) {
  int side = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), side);
  if (error != std::errc{} || end != text.data() + text.size() || side < 1)
    refuse("parameter size is not like 640x480");
  return side;
}

}  // namespace

JobParameters::JobParameters(const std::string &text) : given_(Json::parse(text, nullptr, false)) {
  if (!given_.is_object()) refuse("the parameters are not a JSON object");
  for (auto at = given_.begin(); at != given_.end();)
    at = at->is_null() ? given_.erase(at) : std::next(at);
}

Json JobParameters::take(const std::string &name) {
  auto const found = given_.find(name);
  if (found == given_.end()) return nullptr;
  Json value = std::move(*found);
  given_.erase(found);
  return value;
}

std::string JobParameters::take_text(const std::string &name) {
  Json const value = take(name);
  if (value.is_null()) return {};
  if (!value.is_string()) refuse("parameter " + name + " is not a text");
  return value.get<std::string>();
}

std::size_t JobParameters::take_count(const std::string &name, std::size_t highest) {
  Json const value = take(name);
  if (value.is_null()) return 1;
  bool const whole = value.is_number_unsigned();
  if (!whole || value.get<std::uint64_t>() < 1 || value.get<std::uint64_t>() > highest)
    refuse("parameter " + name + " is not an integer from 1 to " + std::to_string(highest));
  return value.get<std::size_t>();
}

void JobParameters::move(const std::string &name, Json &request, const char *pointer) {
  Json value = take(name);
  if (!value.is_null()) request[Json::json_pointer(pointer)] = std::move(value);
}

void JobParameters::split_size() {
  std::string const size = take_text("size");
  if (size.empty()) return;
  std::size_t const cross = size.find('x');
  if (cross == std::string::npos) refuse("parameter size is not like 640x480");
  given_["width"] = side_of(std::string_view(size).substr(0, cross));
  given_["height"] = side_of(std::string_view(size).substr(cross + 1));
}

std::string json_text(const Json &document) {
  try {
    return document.dump();
  } catch (const Json::type_error &) {
    refuse("the request is not valid UTF-8");
  }
}

std::int64_t seed_of_output(const Json &seed, std::size_t number) {
  if (!seed.is_number_integer()) return -1;
  if (seed.is_number_unsigned() && seed.get<std::uint64_t>() > INT64_MAX / 2) return -1;
  auto const first = seed.get<std::int64_t>();
  return first < 0 ? -1 : first + static_cast<std::int64_t>(number);
}

}  // namespace courier
