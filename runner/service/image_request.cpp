#include "runner/service/image_request.hpp"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <utility>

#include "runner/service/api_error.hpp"
#include "runner/text/unicode.hpp"

namespace runner {
namespace {

using nlohmann::json;

constexpr int64_t default_steps = 25;
constexpr double default_guidance = 5.0;
constexpr double max_guidance = 50.0;

class Fields {
 public:
  explicit Fields(json body) : body_(std::move(body)) {}

  // Null counts as absent, as in OpenAI's clients.
  const json *find(const std::string &key) {
    known_.insert(key);
    const auto found = body_.find(key);
    return found == body_.end() || found->is_null() ? nullptr : &*found;
  }

  std::optional<std::string> text(const std::string &key) {
    const auto *value = find(key);
    if (!value) return std::nullopt;
    if (!value->is_string()) throw ApiError::invalid(key, key + " must be a string");
    return value->get<std::string>();
  }

  std::optional<int64_t> integer(const std::string &key, int64_t least, int64_t most) {
    const auto *value = find(key);
    if (!value) return std::nullopt;
    if (!value->is_number_integer()) throw ApiError::invalid(key, key + " must be an integer");
    const bool fits = !value->is_number_unsigned() || value->get<uint64_t>() <= INT64_MAX;
    if (!fits || value->get<int64_t>() < least || value->get<int64_t>() > most) {
      throw ApiError::invalid(key, key + " must be between " + std::to_string(least) + " and " +
                                       std::to_string(most) + ", not " + value->dump());
    }
    return value->get<int64_t>();
  }

  void refuse_unknown() const {
    for (const auto &[key, value] : body_.items()) {
      if (!known_.contains(key)) {
        throw ApiError::invalid(key, "unknown parameter \"" + key + "\"", "unknown_parameter");
      }
    }
  }

 private:
  json body_;
  std::set<std::string> known_;
};

json parse_body(std::string_view body) {
  const auto broken = [](const std::string &message) {
    return ApiError(400, "invalid_request_error", "invalid_json", message);
  };
  if (!is_valid_utf8(body)) throw broken("the request body is not valid UTF-8");
  json parsed;
  try {
    parsed = json::parse(body);
  } catch (const json::parse_error &error) {
    throw broken("the request body is not valid JSON (near byte " + std::to_string(error.byte) +
                 ")");
  } catch (const json::out_of_range &) {
    throw broken("the request body has a number that is out of range");
  }
  if (!parsed.is_object()) throw broken("the request body is not a JSON object");
  return parsed;
}

std::string checked_prompt(const std::string &key, std::string text, const RequestLimits &limits) {
  if (text.size() > limits.max_prompt_bytes) {
    throw ApiError::invalid(key, key + " has " + std::to_string(text.size()) + " bytes; at most " +
                                     std::to_string(limits.max_prompt_bytes) + " are allowed");
  }
  return text;
}

// "640x480"
std::pair<int64_t, int64_t> parse_size(const std::string &text) {
  int64_t width = 0, height = 0;
  const auto *end = text.data() + text.size();
  const auto [cross, width_error] = std::from_chars(text.data(), end, width);
  if (width_error == std::errc() && cross != end && *cross == 'x') {
    const auto [stop, height_error] = std::from_chars(cross + 1, end, height);
    if (height_error == std::errc() && stop == end) return {width, height};
  }
  throw ApiError::invalid("size", "size must look like \"WIDTHxHEIGHT\", for example \"64x64\"");
}

void read_size(Fields &fields, const RequestLimits &limits, PictureRequest &picture) {
  const auto size = fields.text("size");
  const auto width = fields.integer("width", INT64_MIN, INT64_MAX);
  const auto height = fields.integer("height", INT64_MIN, INT64_MAX);
  picture.width = limits.model.native_width;
  picture.height = limits.model.native_height;
  if (size && (width || height)) {
    throw ApiError::invalid("size", "give either size or width and height, not both");
  }
  if (width.has_value() != height.has_value()) {
    throw ApiError::invalid(width ? "height" : "width", "width and height belong together");
  }
  if (width) {
    picture.width = *width;
    picture.height = *height;
  } else if (size && *size != "auto") {
    std::tie(picture.width, picture.height) = parse_size(*size);
  }
  const auto field = width ? "width" : "size";
  const auto shown = std::to_string(picture.width) + "x" + std::to_string(picture.height);
  if (picture.width < 1 || picture.height < 1) {
    throw ApiError::invalid(field, "a picture of " + shown + " pixels is impossible");
  }
  const auto multiple = limits.model.size_multiple;
  if (picture.width % multiple != 0 || picture.height % multiple != 0) {
    throw ApiError::invalid(field, "width and height must be multiples of " +
                                       std::to_string(multiple) + ", not " + shown);
  }
  if (picture.width > limits.max_pixels / picture.height) {
    throw ApiError::invalid(field, "a picture of " + shown + " pixels is over the limit of " +
                                       std::to_string(limits.max_pixels) + " pixels");
  }
}

double read_guidance(Fields &fields) {
  const auto *value = fields.find("guidance");
  if (!value) return default_guidance;
  if (!value->is_number()) throw ApiError::invalid("guidance", "guidance must be a number");
  const auto guidance = value->get<double>();
  if (!(guidance >= 0 && guidance <= max_guidance)) {
    throw ApiError::invalid("guidance", "guidance must be between 0 and 50, not " + value->dump());
  }
  return guidance;
}

void check_formats(Fields &fields) {
  if (fields.text("response_format").value_or("b64_json") != "b64_json") {
    throw ApiError::invalid("response_format", "response_format must be \"b64_json\"");
  }
  if (fields.text("output_format").value_or("png") != "png") {
    throw ApiError::invalid("output_format", "output_format must be \"png\"");
  }
  fields.text("user");  // an end-user label for abuse reports; nothing here depends on it
}

// Small enough that every JSON reader keeps it exact.
uint64_t random_seed() {
  std::random_device source;
  return std::uniform_int_distribution<uint64_t>(0, (uint64_t{1} << 53) - 1)(source);
}

}  // namespace

RequestLimits request_limits(const PictureLimits &model, int64_t max_pixels, int64_t max_steps) {
  const auto usual = 4 * model.native_width * model.native_height;
  return {model, max_pixels == 0 ? usual : max_pixels, max_steps};
}

PictureRequest seeded(ImageRequest &&request) {
  if (!request.has_seed) request.picture.seed = random_seed();
  return std::move(request.picture);
}

ImageRequest parse_image_request(std::string_view body, const RequestLimits &limits) {
  Fields fields(parse_body(body));
  ImageRequest request;
  auto &picture = request.picture;

  picture.prompt = checked_prompt("prompt", fields.text("prompt").value_or(""), limits);
  if (collapse_spaces(compose(picture.prompt)).empty()) {
    throw ApiError::invalid("prompt", "prompt is missing or empty");
  }
  if (auto negative = fields.text("negative_prompt")) {
    picture.negative_prompt = checked_prompt("negative_prompt", std::move(*negative), limits);
  }
  read_size(fields, limits, picture);
  const auto most_steps = std::min(limits.max_steps, limits.model.max_steps);
  picture.steps =
      fields.integer("steps", 1, most_steps).value_or(std::min(default_steps, most_steps));
  picture.guidance = read_guidance(fields);
  picture.count = fields.integer("n", 1, limits.max_images).value_or(1);
  // Picture i uses seed + i, which must stay a number that a signed 64-bit column holds.
  const auto seed = fields.integer("seed", 0, INT64_MAX - limits.max_images);
  request.has_seed = seed.has_value();
  picture.seed = static_cast<uint64_t>(seed.value_or(0));
  request.model = fields.text("model");
  check_formats(fields);
  fields.refuse_unknown();
  return request;
}

}  // namespace runner
