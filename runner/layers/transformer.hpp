// The spatial transformer: a picture's pixels become tokens, attend to themselves and to the
// prompt, and return.
#pragma once

#include <ATen/ATen.h>

#include <array>
#include <vector>

#include "runner/layers/attention.hpp"
#include "runner/layers/group_norm.hpp"
#include "runner/layers/layers.hpp"

namespace runner {

struct TransformerShape {
  int64_t channels, heads, depth;
  int64_t context;
  int64_t groups;
};

class TransformerBlock {
 public:
  TransformerBlock(const WeightScope &weights, const TransformerShape &shape);

  KeysAndValues prepare(const at::Tensor &context) const { return cross_.prepare(context); }
  // Changes `tokens` in place.
  void operator()(at::Tensor &tokens, const KeysAndValues &context) const;

 private:
  LayerNorm norm1_, norm2_, norm3_;
  SelfAttention self_;
  CrossAttention cross_;
  std::array<Linear, 2> gated_;  // values and gates
  Linear output_;
};

class Transformer {
 public:
  Transformer(const WeightScope &weights, const TransformerShape &shape);

  std::vector<KeysAndValues> prepare(const at::Tensor &context) const;
  at::Tensor operator()(const at::Tensor &picture, const std::vector<KeysAndValues> &context) const;

 private:
  GroupNorm norm_;
  Linear input_, output_;
  std::vector<TransformerBlock> blocks_;
};

}  // namespace runner
