#include "runner/layers/layers.hpp"

#ifdef ATELIER_WITH_ONEDNN
#include "runner/layers/onednn.hpp"
#endif

namespace runner {
namespace {

// libtorch keeps small convolutions on one thread away from oneDNN, to their disadvantage in this
// layout.
at::Tensor convolve(const at::Tensor &input, const at::Tensor &weight, const at::Tensor &bias,
                    int64_t padding, int64_t stride) {
  if (weight.is_cpu() && weight.scalar_type() == at::kFloat && at::globalContext().hasMKLDNN()) {
    return at::mkldnn_convolution(input, weight, bias, {padding, padding}, {stride, stride}, {1, 1},
                                  1);
  }
  return at::conv2d(input, weight, bias, {stride, stride}, {padding, padding});
}

}  // namespace

Linear::Linear(at::Tensor weight, at::Tensor bias)
    : weight_(std::move(weight)), bias_(std::move(bias)) {}

Linear::Linear(const WeightScope &weights, int64_t inputs, int64_t outputs, bool bias)
    : Linear(weights.take("weight", {outputs, inputs}),
             bias ? weights.take("bias", {outputs}) : at::Tensor()) {}

std::array<Linear, 2> Linear::halves(const WeightScope &weights, int64_t inputs, int64_t outputs) {
  const auto matrices = weights.take("weight", {2 * outputs, inputs}).chunk(2);
  const auto biases = weights.take("bias", {2 * outputs}).chunk(2);
  return {Linear(matrices[0], biases[0]), Linear(matrices[1], biases[1])};
}

at::Tensor Linear::operator()(const at::Tensor &input) const {
#ifdef ATELIER_WITH_ONEDNN
  if (onednn::can_compute(input)) return onednn::linear(input, weight_, bias_);
#endif
  return at::linear(input, weight_, bias_);
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

LayerNorm::LayerNorm(const WeightScope &weights, int64_t size, double epsilon)
    : weight_(weights.take("weight", {size})),
      bias_(weights.take("bias", {size})),
      epsilon_(epsilon) {}

at::Tensor LayerNorm::operator()(const at::Tensor &input) const {
  return at::layer_norm(input, weight_.sizes(), weight_, bias_, epsilon_);
}

at::Tensor exact_gelu(at::Tensor input) {
#ifdef ATELIER_WITH_ONEDNN
  if (onednn::can_compute(input)) {
    onednn::gelu(input);
    return input;
  }
#endif
  return at::gelu(input);
}

at::Tensor swish(at::Tensor input, double slope) {
#ifdef ATELIER_WITH_ONEDNN
  if (onednn::can_compute(input)) {
    onednn::swish(input, static_cast<float>(slope));
    return input;
  }
#endif
  return slope == 1 ? at::silu_(input) : input.mul_(at::sigmoid(slope * input));
}

at::Tensor enlarge(const at::Tensor &input) {
  return at::upsample_nearest2d(input, {2 * input.size(2), 2 * input.size(3)});
}

}  // namespace runner
