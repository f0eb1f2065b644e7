#include "runner/layers/attention.hpp"

#include <torch/version.h>

#include <algorithm>
#include <cmath>
#include <limits>

#ifdef ATELIER_WITH_ONEDNN
#include "runner/layers/onednn.hpp"
#endif

namespace runner {
namespace {

// (batch, tokens, heads * width) -> (batch, heads, tokens, width), a view
at::Tensor split_heads(const at::Tensor &tokens, int64_t heads) {
  return tokens.view({tokens.size(0), tokens.size(1), heads, tokens.size(2) / heads})
      .transpose(1, 2);
}

#ifdef ATELIER_WITH_ONEDNN

// The scores that are in memory at a time; the queries are worked off in runs so that it stays so.
constexpr int64_t max_scores = int64_t{1} << 25;

void attend_to(const at::Tensor &queries, const at::Tensor &keys, const at::Tensor &values,
               const at::Tensor &out, bool causal) {
  const auto scale = 1 / std::sqrt(static_cast<float>(queries.size(3)));
  const auto pairs = queries.size(0) * queries.size(1);
  const auto tokens = queries.size(2), seen = keys.size(2);
  const auto run = std::clamp<int64_t>(max_scores / (pairs * seen), 1, tokens);
  for (int64_t begin = 0; begin < tokens; begin += run) {
    const auto end = std::min(begin + run, tokens);
    const auto scores =
        at::empty({queries.size(0), queries.size(1), end - begin, seen}, queries.options());
    onednn::multiply(queries.slice(2, begin, end), keys.transpose(2, 3), scores, scale);
    if (causal) {
      const auto all = at::ones({end - begin, seen}, queries.options().dtype(at::kBool));
      scores.masked_fill_(all.triu(begin + 1), -std::numeric_limits<float>::infinity());
    }
    onednn::softmax(scores);
    onednn::multiply(scores, values, out.slice(2, begin, end), 1);
  }
}

#endif

at::Tensor fused_attention(const at::Tensor &queries, const at::Tensor &keys,
                           const at::Tensor &values, bool causal) {
#if TORCH_VERSION_MAJOR >= 2
  return at::scaled_dot_product_attention(queries, keys, values, {}, 0.0, causal);
#else
  return std::get<0>(
      at::_scaled_dot_product_attention(queries, keys, values, {}, 0.0, false, causal));
#endif
}

}  // namespace

at::Tensor attend(const at::Tensor &queries, const at::Tensor &keys, const at::Tensor &values,
                  int64_t heads, bool causal) {
  const auto q = split_heads(queries, heads), k = split_heads(keys, heads),
             v = split_heads(values, heads);
#ifdef ATELIER_WITH_ONEDNN
  if (onednn::can_compute(queries)) {
    const auto result = at::empty(queries.sizes(), queries.options());
    attend_to(q, k, v, split_heads(result, heads), causal);
    return result;
  }
#endif
  return fused_attention(q, k, v, causal).transpose(1, 2).reshape(queries.sizes());
}

SelfAttention::SelfAttention(const WeightScope &weights, int64_t channels, int64_t heads)
    : queries_(weights / "to_q", channels, channels, false),
      keys_(weights / "to_k", channels, channels, false),
      values_(weights / "to_v", channels, channels, false),
      output_(weights / "to_out.0", channels, channels),
      heads_(heads) {}

at::Tensor SelfAttention::operator()(const at::Tensor &tokens) const {
  return output_(attend(queries_(tokens), keys_(tokens), values_(tokens), heads_));
}

CrossAttention::CrossAttention(const WeightScope &weights, int64_t channels, int64_t context,
                               int64_t heads)
    : queries_(weights / "to_q", channels, channels, false),
      keys_(weights / "to_k", context, channels, false),
      values_(weights / "to_v", context, channels, false),
      output_(weights / "to_out.0", channels, channels),
      heads_(heads) {}

KeysAndValues CrossAttention::prepare(const at::Tensor &context) const {
  return {keys_(context), values_(context)};
}

at::Tensor CrossAttention::operator()(const at::Tensor &tokens,
                                      const KeysAndValues &context) const {
  return output_(attend(queries_(tokens), context.keys, context.values, heads_));
}

}  // namespace runner
