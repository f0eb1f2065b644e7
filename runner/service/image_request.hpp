// The body of POST /v1/images/generations: OpenAI's fields plus negative_prompt, width, height,
// steps, guidance, seed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runner/models/pipeline.hpp"

namespace runner {

struct RequestLimits {
  PictureLimits model;
  int64_t max_pixels;
  int64_t max_steps;
  int64_t max_images = 10;
  size_t max_prompt_bytes = 32768;
};

// With `max_pixels` 0: four times the model's own size.
RequestLimits request_limits(const PictureLimits &model, int64_t max_pixels, int64_t max_steps);

struct ImageRequest {
  PictureRequest picture;
  bool has_seed = false;
  std::optional<std::string> model;
};

// Throws ApiError. Fields that would have to be ignored are refused.
ImageRequest parse_image_request(std::string_view body, const RequestLimits &limits);

// With a seed of its own where the request has none.
PictureRequest seeded(ImageRequest &&request);

}  // namespace runner
