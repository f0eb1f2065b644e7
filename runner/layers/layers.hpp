// The elementary layers, as plain weights plus a call.
#pragma once

#include <ATen/ATen.h>

#include <array>

#include "runner/checkpoint/weights.hpp"

namespace runner {

class Linear {
 public:
  Linear() = default;
  Linear(const WeightScope &weights, int64_t inputs, int64_t outputs, bool bias = true);
  // One stored layer, taken apart into the two halves of its outputs.
  static std::array<Linear, 2> halves(const WeightScope &weights, int64_t inputs, int64_t outputs);

  // (..., inputs) -> (..., outputs)
  at::Tensor operator()(const at::Tensor &input) const;

 private:
  Linear(at::Tensor weight, at::Tensor bias);

  at::Tensor weight_, bias_;
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

class LayerNorm {
 public:
  LayerNorm() = default;
  LayerNorm(const WeightScope &weights, int64_t size, double epsilon);

  at::Tensor operator()(const at::Tensor &input) const;

 private:
  at::Tensor weight_, bias_;
  double epsilon_ = 0;
};

// The activations may reuse their input's memory.
// x * (1 + erf(x / sqrt 2)) / 2
at::Tensor exact_gelu(at::Tensor input);
// x * sigmoid(slope * x): SiLU for slope 1, CLIP's approximation of GELU for 1.702
at::Tensor swish(at::Tensor input, double slope = 1);

// Doubles height and width by repeating pixels.
at::Tensor enlarge(const at::Tensor &input);

}  // namespace runner
