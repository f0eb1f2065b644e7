// Direct calls of oneDNN for float32 on the CPU. libtorch 1.13 hands matrix products to the
// installed BLAS, which on Debian is by default the slow reference BLAS, although it has oneDNN at
// hand; and its exact GELU is slow.
#pragma once

#include <ATen/ATen.h>

namespace runner::onednn {

bool can_compute(const at::Tensor &tensor);

// (..., inputs) -> (..., outputs); `bias` may be undefined.
at::Tensor linear(const at::Tensor &input, const at::Tensor &weight, const at::Tensor &bias);

// out = scale * a b for tensors of the same rank with any strides; the leading dimensions are
// batches.
void multiply(const at::Tensor &a, const at::Tensor &b, const at::Tensor &out, float scale);

// In place, over the last dimension.
void softmax(const at::Tensor &tensor);

// In place: x * (1 + erf(x / sqrt 2)) / 2.
void gelu(const at::Tensor &tensor);

// In place: x * sigmoid(slope * x).
void swish(const at::Tensor &tensor, float slope);

}  // namespace runner::onednn
