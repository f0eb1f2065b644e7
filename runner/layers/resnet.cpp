#include "runner/layers/resnet.hpp"

namespace runner {

Resnet::Resnet(const WeightScope &weights, const ResnetShape &shape)
    : norm1_(weights / "norm1", shape.inputs, shape.groups, shape.epsilon),
      norm2_(weights / "norm2", shape.outputs, shape.groups, shape.epsilon),
      conv1_(weights / "conv1", shape.inputs, shape.outputs, 3),
      conv2_(weights / "conv2", shape.outputs, shape.outputs, 3) {
  if (shape.inputs != shape.outputs) {
    shortcut_.emplace(weights / "conv_shortcut", shape.inputs, shape.outputs, 1);
  }
  if (shape.time_size > 0) {
    time_.emplace(weights / "time_emb_proj", shape.time_size, shape.outputs);
  }
}

at::Tensor Resnet::operator()(const at::Tensor &input, const at::Tensor &shift) const {
  auto hidden = conv1_(swish(norm1_(input)));
  if (shift.defined()) hidden.add_(shift.unsqueeze(-1).unsqueeze(-1));
  hidden = conv2_(swish(norm2_(hidden)));
  return hidden.add_(shortcut_ ? (*shortcut_)(input) : input);
}

}  // namespace runner
