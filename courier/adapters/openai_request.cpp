#include "courier/adapters/openai_request.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "courier/attempt_error.hpp"
#include "wire/frame.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;

// The same name and meaning on both sides. The second half are the runner's extensions.
constexpr std::array<std::string_view, 13> same_names = {"prompt",
                                                         "quality",
                                                         "style",
                                                         "background",
                                                         "moderation",
                                                         "output_format",
                                                         "output_compression",
                                                         "user",
                                                         "steps",
                                                         "guidance",
                                                         "negative_prompt",
                                                         "seed",
                                                         "n"};
constexpr std::array<std::string_view, 2> size_names = {"width", "height"};
constexpr std::array<std::string_view, 4> picture_names = {"image", "init_image",
                                                           "reference_image_url", "mask"};

[[noreturn]] void refuse(const std::string &why) {
  throw AttemptError(wire::ErrorClass::invalid_input, why);
}

template <typename Names>
bool contains(const Names &names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::int64_t positive_integer(const Json &value, const std::string &name, std::int64_t highest) {
  std::int64_t const number = value.is_number_integer() ? value.get<std::int64_t>() : 0;
  if (number < 1 || number > highest)
    refuse("parameter " + name + " is not an integer from 1 to " + std::to_string(highest));
  return number;
}

std::string size_text(const Json &parameters) {
  constexpr std::int64_t highest_side = 1 << 20;
  std::int64_t const width = positive_integer(parameters.at("width"), "width", highest_side);
  std::int64_t const height = positive_integer(parameters.at("height"), "height", highest_side);
  return std::to_string(width) + "x" + std::to_string(height);
}

bool is_given(const Json &parameters, std::string_view name) {
  auto const found = parameters.find(name);
  return found != parameters.end() && !found->is_null();
}

}  // namespace

OpenaiRequest make_openai_request(const std::string &model, const std::string &parameters_text) {
  Json const parameters = Json::parse(parameters_text, nullptr, false);
  if (!parameters.is_object()) refuse("the parameters are not a JSON object");
  if (!is_given(parameters, "prompt") || !parameters.at("prompt").is_string())
    refuse("parameter prompt is not a text");

  OpenaiRequest request;
  Json body = Json::object();
  for (const auto &[name, value] : parameters.items()) {
    if (value.is_null() || contains(size_names, name)) continue;
    if (contains(picture_names, name)) {
      request.pictures[name] = value;
      continue;
    }
    if (!contains(same_names, name))
      refuse("the adapter openai_images has no parameter \"" + name + "\"");
    if (value.is_structured()) refuse("parameter " + name + " is neither a text nor a number");
    body[name] = value;
  }
  if (request.pictures.size() == 1 && request.pictures.contains("mask"))
    refuse("parameter mask needs a picture that it is for");
  if (is_given(parameters, "width") != is_given(parameters, "height"))
    refuse("width and height must be given together");
  if (is_given(parameters, "width")) body["size"] = size_text(parameters);
  if (is_given(parameters, "n"))
    request.picture_count = static_cast<std::size_t>(positive_integer(
        parameters.at("n"), "n", static_cast<std::int64_t>(wire::max_frame_descriptors)));
  body["n"] = request.picture_count;
  if (!model.empty()) body["model"] = model;
  // These models always answer with bytes and refuse to be asked for them.
  if (!model.starts_with("gpt-image")) body["response_format"] = "b64_json";
  try {
    request.body = body.dump();
  } catch (const Json::type_error &) {
    refuse("the model's name is not valid UTF-8");
  }
  request.fields = std::move(body);
  return request;
}

}  // namespace courier
