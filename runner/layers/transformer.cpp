#include "runner/layers/transformer.hpp"

namespace runner {
namespace {

constexpr double token_norm_epsilon = 1e-5;
constexpr double picture_norm_epsilon = 1e-6;
constexpr int64_t expansion = 4;

}  // namespace

TransformerBlock::TransformerBlock(const WeightScope &weights, const TransformerShape &shape)
    : norm1_(weights / "norm1", shape.channels, token_norm_epsilon),
      norm2_(weights / "norm2", shape.channels, token_norm_epsilon),
      norm3_(weights / "norm3", shape.channels, token_norm_epsilon),
      self_(weights / "attn1", shape.channels, shape.heads),
      cross_(weights / "attn2", shape.channels, shape.context, shape.heads),
      gated_(Linear::halves(weights / "ff.net.0.proj", shape.channels, expansion * shape.channels)),
      output_(weights / "ff.net.2", expansion * shape.channels, shape.channels) {}

void TransformerBlock::operator()(at::Tensor &tokens, const KeysAndValues &context) const {
  tokens.add_(self_(norm1_(tokens)));
  tokens.add_(cross_(norm2_(tokens), context));
  const auto input = norm3_(tokens);
  tokens.add_(output_(exact_gelu(gated_[1](input)).mul_(gated_[0](input))));
}

Transformer::Transformer(const WeightScope &weights, const TransformerShape &shape)
    : norm_(weights / "norm", shape.channels, shape.groups, picture_norm_epsilon),
      input_(weights / "proj_in", shape.channels, shape.channels),
      output_(weights / "proj_out", shape.channels, shape.channels) {
  for (int64_t i = 0; i < shape.depth; ++i) {
    blocks_.emplace_back(weights / ("transformer_blocks." + std::to_string(i)), shape);
  }
}

std::vector<KeysAndValues> Transformer::prepare(const at::Tensor &context) const {
  std::vector<KeysAndValues> prepared;
  for (const auto &block : blocks_)
    prepared.push_back(block.prepare(context));
  return prepared;
}

at::Tensor Transformer::operator()(const at::Tensor &picture,
                                   const std::vector<KeysAndValues> &context) const {
  const auto rows = norm_(picture).permute({0, 2, 3, 1});
  auto tokens = input_(rows.reshape({rows.size(0), -1, rows.size(3)}));
  for (size_t i = 0; i < blocks_.size(); ++i)
    blocks_[i](tokens, context[i]);
  return at::add(picture, output_(tokens).view(rows.sizes()).permute({0, 3, 1, 2}));
}

}  // namespace runner
