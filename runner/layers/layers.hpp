// The elementary layers, as plain weights plus a call. On the CPU in float32 they go to oneDNN
// directly: libtorch would hand linear layers to whatever BLAS is installed (Debian's default is
// many times slower) and small convolutions to an unblocked path.
#pragma once

#include <ATen/ATen.h>

#include "runner/checkpoint/weights.hpp"

namespace runner {

class Linear {
 public:
  Linear() = default;
  Linear(const WeightScope &weights, int64_t inputs, int64_t outputs, bool bias = true);
  // Several layers with the same input, computed as one.
  static Linear stacked(const std::vector<WeightScope> &weights, int64_t inputs, int64_t outputs,
                        bool bias);

  // (..., inputs) -> (..., outputs)
  at::Tensor operator()(const at::Tensor &input) const;

 private:
  Linear(at::Tensor weight, at::Tensor bias);

  at::Tensor weight_, bias_;
  at::Tensor kernel_;  // the weight as a 1x1 convolution, for oneDNN
};

class Convolution {
 public:
  Convolution() = default;
  Convolution(const WeightScope &weights, int64_t inputs, int64_t outputs, int64_t size,
              int64_t stride = 1);

  at::Tensor operator()(const at::Tensor &input) const;

 private:
  at::Tensor weight_, bias_;
  int64_t padding_ = 0, stride_ = 1;
};

class GroupNorm {
 public:
  GroupNorm() = default;
  GroupNorm(const WeightScope &weights, int64_t channels, int64_t groups, double epsilon);

  at::Tensor operator()(const at::Tensor &input) const;

 private:
  at::Tensor weight_, bias_;
  int64_t groups_ = 1;
  double epsilon_ = 0;
};

class LayerNorm {
 public:
  LayerNorm() = default;
  LayerNorm(const WeightScope &weights, int64_t size, double epsilon);

  at::Tensor operator()(const at::Tensor &input) const;

 private:
  at::Tensor weight_, bias_;
  double epsilon_ = 0;
};

// Doubles height and width by repeating pixels.
at::Tensor enlarge(const at::Tensor &input);

}  // namespace runner
