// UNet2DConditionModel with SDXL's "text_time" conditioning: predicts the noise in latents, given a
// prompt. What does not depend on the latents (prompt keys and values, time shifts of all steps) is
// computed once per picture.
#pragma once

#include <ATen/ATen.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "runner/layers/resnet.hpp"
#include "runner/layers/transformer.hpp"

namespace runner {

class Config;

struct UNetConfig {
  int64_t in_channels, out_channels, sample_size, layers_per_block, groups;
  int64_t context_size, time_id_size, projection_input_size;
  double epsilon;
  std::vector<int64_t> channels, heads, depths;
  std::vector<bool> down_attends, up_attends;

  static UNetConfig read(Config &config);
  int64_t time_size() const { return 4 * channels.front(); }
  int64_t pooled_size() const { return projection_input_size - 6 * time_id_size; }
};

// What the UNet is told about one batch; row i of each tensor belongs to row i of the latents.
struct UNetInputs {
  at::Tensor context;   // (batch, tokens, context_size)
  at::Tensor pooled;    // (batch, pooled_size)
  at::Tensor time_ids;  // (batch, 6): original height, width, crop top, left, target height, width
};

class UNet {
 public:
  // Everything about one picture that is the same for all latents, in the order in which the blocks
  // need it.
  struct Prepared {
    std::vector<std::vector<KeysAndValues>> contexts;  // one per transformer
    std::vector<at::Tensor> shifts;                    // one per resnet: (steps, batch, channels)
  };

  UNet(const std::filesystem::path &folder, const std::string &variant, Placement placement);

  Prepared prepare(const UNetInputs &inputs, const std::vector<float> &timesteps) const;

  // The predicted noise for (batch, in_channels, height, width) latents at the given step of
  // `prepared`.
  at::Tensor operator()(const at::Tensor &latents, const Prepared &prepared, size_t step) const;

  const UNetConfig &config() const { return config_; }
  // Latent heights and widths must be multiples of this.
  int64_t size_factor() const { return int64_t{1} << (config_.channels.size() - 1); }

 private:
  struct Block {
    std::vector<Resnet> resnets;
    std::vector<Transformer> transformers;  // one per resnet, or none
    std::optional<Convolution> resample;
  };
  struct Progress;

  void load_down(const WeightScope &weights);
  void load_middle(const WeightScope &weights);
  void load_up(const WeightScope &weights);
  Resnet load_resnet(const WeightScope &weights, int64_t inputs, int64_t outputs) const;
  Transformer load_transformer(const WeightScope &weights, size_t level) const;
  at::Tensor time_embedding(const UNetInputs &inputs, const std::vector<float> &timesteps) const;
  at::Tensor run_layer(const Block &block, size_t layer, const at::Tensor &input,
                       Progress &progress) const;

  UNetConfig config_;
  Placement placement_;
  Linear time1_, time2_, extra1_, extra2_;
  Convolution input_, output_;
  std::vector<Block> down_, up_;
  Block middle_;
  GroupNorm output_norm_;
};

// (values..., size): cosines first, then sines, of geometrically falling frequencies.
at::Tensor sinusoids(const at::Tensor &values, int64_t size);

}  // namespace runner
