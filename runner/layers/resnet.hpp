// The residual block of the UNet and the VAE; only the UNet's is told the time.
#pragma once

#include <ATen/ATen.h>

#include <optional>

#include "runner/layers/group_norm.hpp"
#include "runner/layers/layers.hpp"

namespace runner {

struct ResnetShape {
  int64_t inputs, outputs;
  int64_t groups;
  double epsilon;
  int64_t time_size = 0;  // 0: no time embedding
};

class Resnet {
 public:
  Resnet(const WeightScope &weights, const ResnetShape &shape);

  // The block's shift for an activated time embedding: (rows, time_size) -> (rows, outputs).
  at::Tensor shift(const at::Tensor &activated_time) const { return (*time_)(activated_time); }

  // `shift` is (batch, outputs), or undefined without a time embedding.
  at::Tensor operator()(const at::Tensor &input, const at::Tensor &shift = {}) const;

 private:
  GroupNorm norm1_, norm2_;
  Convolution conv1_, conv2_;
  std::optional<Convolution> shortcut_;
  std::optional<Linear> time_;
};

}  // namespace runner
