// The decoding half of AutoencoderKL: latents become a picture with values in about -1..1.
#pragma once

#include <ATen/ATen.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "runner/layers/resnet.hpp"

namespace runner {

class VaeDecoder {
 public:
  VaeDecoder(const std::filesystem::path &folder, const std::string &variant, Placement placement);

  // (batch, latent channels, h, w), scaled as the UNet produces them -> (batch, 3, h * size_factor,
  // w * size_factor)
  at::Tensor operator()(const at::Tensor &latents) const;

  int64_t latent_channels() const { return latent_channels_; }
  // Pixels per latent, in each direction.
  int64_t size_factor() const { return int64_t{1} << (up_.size() - 1); }

 private:
  struct Attention {
    GroupNorm norm;
    Linear queries, keys, values, output;

    Attention(const WeightScope &weights, int64_t channels, int64_t groups);
    at::Tensor operator()(const at::Tensor &picture) const;
  };
  struct Block {
    std::vector<Resnet> resnets;
    std::optional<Convolution> resample;
  };

  void load(const std::vector<int64_t> &channels, int64_t layers, int64_t groups,
            const WeightScope &weights);

  Placement placement_;
  int64_t latent_channels_ = 0;
  double scaling_factor_ = 1;
  Convolution entry_, input_, output_;
  std::vector<Resnet> middle_;
  std::optional<Attention> attention_;
  std::vector<Block> up_;
  GroupNorm output_norm_;
};

}  // namespace runner
