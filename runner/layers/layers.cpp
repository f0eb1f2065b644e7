#include "runner/layers/layers.hpp"

#include "runner/checkpoint/config.hpp"

namespace runner {
namespace {

bool runs_on_onednn(const at::Tensor &weight) {
  return weight.is_cpu() && weight.scalar_type() == at::kFloat && at::globalContext().hasMKLDNN() &&
         at::globalContext().userEnabledMkldnn();
}

at::Tensor convolve(const at::Tensor &input, const at::Tensor &weight, const at::Tensor &bias,
                    int64_t padding, int64_t stride) {
  if (runs_on_onednn(weight)) {
    return at::mkldnn_convolution(input, weight, bias, {padding, padding}, {stride, stride}, {1, 1},
                                  1);
  }
  return at::conv2d(input, weight, bias, {stride, stride}, {padding, padding});
}

}  // namespace

Linear::Linear(at::Tensor weight, at::Tensor bias)
    : weight_(std::move(weight)), bias_(std::move(bias)) {
  if (runs_on_onednn(weight_)) {
    kernel_ = weight_.reshape({weight_.size(0), weight_.size(1), 1, 1})
                  .contiguous(at::MemoryFormat::ChannelsLast);
  }
}

Linear::Linear(const WeightScope &weights, int64_t inputs, int64_t outputs, bool bias)
    : Linear(weights.take("weight", {outputs, inputs}),
             bias ? weights.take("bias", {outputs}) : at::Tensor()) {}

Linear Linear::stacked(const std::vector<WeightScope> &weights, int64_t inputs, int64_t outputs,
                       bool bias) {
  std::vector<at::Tensor> matrices, biases;
  for (const auto &scope : weights) {
    matrices.push_back(scope.take("weight", {outputs, inputs}));
    if (bias) biases.push_back(scope.take("bias", {outputs}));
  }
  return {at::cat(matrices), bias ? at::cat(biases) : at::Tensor()};
}

at::Tensor Linear::operator()(const at::Tensor &input) const {
  if (!kernel_.defined()) return at::linear(input, weight_, bias_);
  const auto inputs = weight_.size(1);
  const auto rows = input.numel() / inputs;
  // The rows are the pixels of a picture one pixel high whose channels are innermost: a view, no
  // copy.
  const auto picture = input.reshape({1, 1, rows, inputs}).permute({0, 3, 1, 2});
  auto shape = input.sizes().vec();
  shape.back() = weight_.size(0);
  return convolve(picture, kernel_, bias_, 0, 1).permute({0, 2, 3, 1}).reshape(shape);
}

Convolution::Convolution(const WeightScope &weights, int64_t inputs, int64_t outputs, int64_t size,
                         int64_t stride)
    : weight_(weights.take("weight", {outputs, inputs, size, size})
                  .contiguous(weights.placement().layout)),
      bias_(weights.take("bias", {outputs})),
      padding_(size / 2),
      stride_(stride) {}

at::Tensor Convolution::operator()(const at::Tensor &input) const {
  return convolve(input, weight_, bias_, padding_, stride_);
}

GroupNorm::GroupNorm(const WeightScope &weights, int64_t channels, int64_t groups, double epsilon)
    : weight_(weights.take("weight", {channels})),
      bias_(weights.take("bias", {channels})),
      groups_(groups),
      epsilon_(epsilon) {
  if (channels % groups != 0) {
    throw CheckpointError("a group norm of " + std::to_string(channels) + " channels cannot have " +
                          std::to_string(groups) + " groups");
  }
}

at::Tensor GroupNorm::operator()(const at::Tensor &input) const {
  return at::group_norm(input, groups_, weight_, bias_, epsilon_);
}

LayerNorm::LayerNorm(const WeightScope &weights, int64_t size, double epsilon)
    : weight_(weights.take("weight", {size})),
      bias_(weights.take("bias", {size})),
      epsilon_(epsilon) {}

at::Tensor LayerNorm::operator()(const at::Tensor &input) const {
  return at::layer_norm(input, weight_.sizes(), weight_, bias_, epsilon_);
}

at::Tensor enlarge(const at::Tensor &input) {
  return at::upsample_nearest2d(input, {2 * input.size(2), 2 * input.size(3)});
}

}  // namespace runner
