// sdcpp_request.hpp -- a job as stable-diffusion.cpp's server wants it.
//
// Options, in adapter_options of the provider or the model:
//   mode     img_gen (pictures) or vid_gen (a video); by default img_gen
//   request  members that every request has, unless a parameter says otherwise
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

namespace courier {

struct SdcppRequest {  // NOLINT(bugprone-exception-escape): moving JSON does not throw
  std::string path;
  std::string body;
  std::size_t output_count = 1;
  bool is_video = false;
  nlohmann::json seed;  // of the first output; null: not given
};

// Throws AttemptError(invalid_input).
SdcppRequest make_sdcpp_request(const std::string &parameters, const std::string &options);

}  // namespace courier
