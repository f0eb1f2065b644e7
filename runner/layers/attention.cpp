#include "runner/layers/attention.hpp"

#include <torch/version.h>

#include <cmath>
#include <limits>

namespace runner {
namespace {

#if TORCH_VERSION_MAJOR >= 2

at::Tensor weighted_values(const at::Tensor &queries, const at::Tensor &keys,
                           const at::Tensor &values, bool causal) {
  return at::scaled_dot_product_attention(queries, keys, values, {}, 0.0, causal);
}

#else

// One (batch, head) pair's scores are at most this many numbers, unless a single pair has more.
constexpr int64_t max_scores = int64_t{1} << 25;

at::Tensor weighted_part(const at::Tensor &queries, const at::Tensor &keys,
                         const at::Tensor &values, bool causal) {
  auto scores = at::bmm(queries, keys.transpose(1, 2));
  scores.mul_(1 / std::sqrt(static_cast<double>(queries.size(2))));
  if (causal) {
    const auto hidden =
        at::ones({scores.size(1), scores.size(2)}, queries.options().dtype(at::kBool));
    scores.masked_fill_(hidden.triu(1), -std::numeric_limits<double>::infinity());
  }
  return at::bmm(scores.softmax(-1), values);
}

at::Tensor weighted_values(const at::Tensor &queries, const at::Tensor &keys,
                           const at::Tensor &values, bool causal) {
  const auto flat = [](const at::Tensor &t) { return t.reshape({-1, t.size(2), t.size(3)}); };
  const auto q = flat(queries), k = flat(keys), v = flat(values);
  const auto pairs = std::max<int64_t>(1, max_scores / (q.size(1) * k.size(1)));
  if (pairs >= q.size(0)) return weighted_part(q, k, v, causal).view(queries.sizes());
  std::vector<at::Tensor> parts;
  for (int64_t begin = 0; begin < q.size(0); begin += pairs) {
    const auto end = std::min(begin + pairs, q.size(0));
    parts.push_back(weighted_part(q.slice(0, begin, end), k.slice(0, begin, end),
                                  v.slice(0, begin, end), causal));
  }
  return at::cat(parts).view(queries.sizes());
}

#endif

}  // namespace

at::Tensor attend(const at::Tensor &queries, const at::Tensor &keys, const at::Tensor &values,
                  int64_t heads, bool causal) {
  const auto split = [heads](const at::Tensor &t) {
    return t.view({t.size(0), t.size(1), heads, t.size(2) / heads}).transpose(1, 2);
  };
  const auto result = weighted_values(split(queries), split(keys), split(values), causal);
  return result.transpose(1, 2).reshape(queries.sizes());
}

SelfAttention::SelfAttention(const WeightScope &weights, int64_t channels, int64_t heads)
    : input_(Linear::stacked({weights / "to_q", weights / "to_k", weights / "to_v"}, channels,
                             channels, false)),
      output_(weights / "to_out.0", channels, channels),
      heads_(heads) {}

at::Tensor SelfAttention::operator()(const at::Tensor &tokens) const {
  const auto parts = input_(tokens).chunk(3, -1);
  return output_(attend(parts[0], parts[1], parts[2], heads_));
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
