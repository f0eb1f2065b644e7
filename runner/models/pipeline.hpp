// From a prompt to pictures: StableDiffusionXLPipeline over a checkpoint folder in the diffusers
// layout.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "runner/device/device.hpp"
#include "runner/models/scheduler.hpp"
#include "runner/models/text_encoder.hpp"
#include "runner/models/unet.hpp"
#include "runner/models/vae_decoder.hpp"
#include "runner/text/tokenizer.hpp"

namespace runner {

struct PictureRequest {
  std::string prompt;
  std::optional<std::string> negative_prompt;  // absent is not the same as empty
  int64_t width = 0, height = 0;
  int64_t steps = 0;
  double guidance = 0;
  uint64_t seed = 0;  // picture i of `count` is made with seed + i
  int64_t count = 1;
};

struct Picture {
  std::vector<uint8_t> rgb;
  int64_t width = 0, height = 0;
  uint64_t seed = 0;
};

struct Timings {
  double encode_ms = 0, denoise_ms = 0, decode_ms = 0;
};

struct GenerationSummary {
  size_t prompt_tokens = 0;
  bool prompt_truncated = false;
  Timings timings;
};

// Thrown by generate() when its caller no longer wants the result.
class Cancelled : public std::runtime_error {
 public:
  Cancelled() : std::runtime_error("cancelled") {}
};

// What a request may ask for, as far as the model decides it.
struct PictureLimits {
  int64_t native_width, native_height;
  int64_t size_multiple;
  int64_t max_steps;
};

class Pipeline {
 public:
  Pipeline(const std::filesystem::path &folder, const std::string &variant, const Device &device);

  using IsCancelled = std::function<bool()>;
  using Sink = std::function<void(Picture &&)>;

  // Calls `sink` for each picture as soon as it is there. `is_cancelled` is asked before every
  // step.
  GenerationSummary generate(const PictureRequest &request, const IsCancelled &is_cancelled,
                             const Sink &sink) const;

  const PictureLimits &limits() const { return limits_; }

  // The stages of generate(), for looking at them one by one.
  struct Conditioning {
    at::Tensor context, pooled;  // negative rows first, where there is guidance
    size_t prompt_tokens = 0;
    bool prompt_truncated = false;
  };
  Conditioning encode(const PictureRequest &request) const;
  at::Tensor noise(const PictureRequest &request, uint64_t seed) const;
  at::Tensor denoise(const PictureRequest &request, const Conditioning &conditioning,
                     const at::Tensor &noise, const IsCancelled &is_cancelled) const;
  at::Tensor decode(const at::Tensor &latents) const { return vae_(latents); }

 private:
  void check_consistency(const std::filesystem::path &folder) const;

  const Device &device_;
  bool zero_absent_negative_ = true;
  Tokenizer tokenizer1_, tokenizer2_;
  TextEncoder encoder1_, encoder2_;
  UNet unet_;
  VaeDecoder vae_;
  Scheduler scheduler_;
  PictureLimits limits_{};
};

}  // namespace runner
