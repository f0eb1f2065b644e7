// Scaled dot-product attention and the two ways the models use it.
#pragma once

#include <ATen/ATen.h>

#include "runner/layers/layers.hpp"

namespace runner {

// Queries, keys and values are (batch, tokens, heads * width); so is the result. With `causal`,
// token i sees tokens 0..i.
at::Tensor attend(const at::Tensor &queries, const at::Tensor &keys, const at::Tensor &values,
                  int64_t heads, bool causal = false);

struct KeysAndValues {
  at::Tensor keys, values;
};

// Tokens attend to each other.
class SelfAttention {
 public:
  SelfAttention() = default;
  SelfAttention(const WeightScope &weights, int64_t channels, int64_t heads);

  at::Tensor operator()(const at::Tensor &tokens) const;

 private:
  // Not stacked into one layer: oneDNN's products of strided operands depend on the number of
  // threads.
  Linear queries_, keys_, values_, output_;
  int64_t heads_ = 1;
};

// Tokens attend to a context that stays the same for all steps, so its keys and values are made
// once.
class CrossAttention {
 public:
  CrossAttention() = default;
  CrossAttention(const WeightScope &weights, int64_t channels, int64_t context, int64_t heads);

  KeysAndValues prepare(const at::Tensor &context) const;
  at::Tensor operator()(const at::Tensor &tokens, const KeysAndValues &context) const;

 private:
  Linear queries_, keys_, values_, output_;
  int64_t heads_ = 1;
};

}  // namespace runner
