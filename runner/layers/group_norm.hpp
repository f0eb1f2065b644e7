#pragma once

#include <ATen/ATen.h>

#include "runner/checkpoint/weights.hpp"

namespace runner {

class GroupNorm {
 public:
  GroupNorm() = default;
  GroupNorm(const WeightScope &weights, int64_t channels, int64_t groups, double epsilon);

  at::Tensor operator()(const at::Tensor &input) const;

 private:
  at::Tensor normalize_channels_last(const at::Tensor &input) const;

  at::Tensor weight_, bias_;
  int64_t groups_ = 1;
  double epsilon_ = 0;
};

}  // namespace runner
