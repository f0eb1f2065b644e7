#include "runner/models/text_encoder.hpp"

#include <algorithm>

#include "runner/checkpoint/config.hpp"
#include "runner/layers/attention.hpp"

namespace runner {

class TextEncoder::Layer {
 public:
  struct Shape {
    int64_t width, inner, heads;
    double epsilon;
    bool quick_gelu;
  };

  Layer(const WeightScope &weights, const Shape &shape)
      : shape_(shape),
        norm1_(weights / "layer_norm1", shape.width, shape.epsilon),
        norm2_(weights / "layer_norm2", shape.width, shape.epsilon),
        queries_(weights / "self_attn.q_proj", shape.width, shape.width),
        keys_(weights / "self_attn.k_proj", shape.width, shape.width),
        values_(weights / "self_attn.v_proj", shape.width, shape.width),
        attention_output_(weights / "self_attn.out_proj", shape.width, shape.width),
        expand_(weights / "mlp.fc1", shape.width, shape.inner),
        contract_(weights / "mlp.fc2", shape.inner, shape.width) {}

  at::Tensor operator()(const at::Tensor &tokens) const {
    const auto input = norm1_(tokens);
    const auto seen =
        attend(queries_(input), keys_(input), values_(input), shape_.heads, /*causal=*/true);
    auto hidden = attention_output_(seen).add_(tokens);
    auto inner = expand_(norm2_(hidden));
    inner = shape_.quick_gelu ? swish(inner, 1.702) : exact_gelu(inner);
    return hidden.add_(contract_(inner));
  }

 private:
  Shape shape_;
  LayerNorm norm1_, norm2_;
  Linear queries_, keys_, values_, attention_output_, expand_, contract_;
};

TextEncoder::TextEncoder(const std::filesystem::path &folder, const std::string &variant,
                         Placement placement, bool projected)
    : placement_(placement) {
  auto config = Config::load(folder / "config.json");
  config.must_be("model_type", {"clip_text_model"});
  config.must_be("hidden_act", {"quick_gelu", "gelu"});
  config.ignore({"architectures", "attention_dropout", "bos_token_id", "dropout", "eos_token_id",
                 "initializer_factor", "initializer_range", "pad_token_id", "torch_dtype", "dtype",
                 "transformers_version", "projection_dim"});
  width_ = config.required_positive("hidden_size");
  positions_ = config.required_positive("max_position_embeddings");
  vocabulary_size_ = config.required_positive("vocab_size");
  const Layer::Shape shape{
      width_, config.required_positive("intermediate_size"),
      config.required_positive("num_attention_heads"), config.value_or("layer_norm_eps", 1e-5),
      config.value_or<std::string>("hidden_act", "quick_gelu") == "quick_gelu"};
  if (width_ % shape.heads != 0)
    config.refuse("num_attention_heads", "does not divide hidden_size");
  const auto depth = config.required_positive("num_hidden_layers");
  if (depth < 2) config.refuse("num_hidden_layers", "must be at least 2");
  if (projected) projection_size_ = config.required_positive("projection_dim");
  config.finish();

  WeightStore store(folder, "model", variant, placement);
  const auto text = WeightScope(store) / "text_model";
  token_table_ = (text / "embeddings.token_embedding").take("weight", {vocabulary_size_, width_});
  position_table_ = (text / "embeddings.position_embedding").take("weight", {positions_, width_});
  // Without a pooled output nothing looks at the last layer.
  const auto layers_used = projected ? depth : depth - 1;
  for (int64_t i = 0; i < layers_used; ++i) {
    layers_.push_back(
        std::make_shared<Layer>(text / ("encoder.layers." + std::to_string(i)), shape));
  }
  std::vector<std::string> unused = {"text_model.embeddings.position_ids"};
  if (projected) {
    final_norm_ = LayerNorm(text / "final_layer_norm", width_, shape.epsilon);
    projection_.emplace(WeightScope(store) / "text_projection", width_, projection_size_, false);
  } else {
    unused.push_back("text_model.encoder.layers." + std::to_string(depth - 1) + ".");
    unused.emplace_back("text_model.final_layer_norm.");
  }
  store.finish(unused);
}

EncodedText TextEncoder::operator()(const std::vector<std::vector<int64_t>> &prompts) const {
  const auto count = static_cast<int64_t>(prompts.size());
  const auto length = static_cast<int64_t>(prompts.front().size());
  std::vector<int64_t> flat;
  for (const auto &ids : prompts)
    flat.insert(flat.end(), ids.begin(), ids.end());
  const auto ids = at::tensor(flat, at::kLong).to(placement_.device);
  auto hidden = token_table_.index_select(0, ids).view({count, length, width_});
  hidden.add_(position_table_.slice(0, 0, length));

  EncodedText result;
  const auto kept = projection_ ? layers_.size() - 2 : layers_.size() - 1;
  for (size_t i = 0; i < layers_.size(); ++i) {
    hidden = (*layers_[i])(hidden);
    if (i == kept) result.hidden = hidden;
  }
  if (projection_) result.pooled = pool(hidden, prompts);
  return result;
}

// The pooled output is read at the first position of the largest id, which is where the prompt
// ends.
at::Tensor TextEncoder::pool(const at::Tensor &last,
                             const std::vector<std::vector<int64_t>> &prompts) const {
  std::vector<at::Tensor> rows;
  for (size_t i = 0; i < prompts.size(); ++i) {
    const auto &ids = prompts[i];
    const auto position = std::max_element(ids.begin(), ids.end()) - ids.begin();
    rows.push_back(last.select(0, static_cast<int64_t>(i)).select(0, position));
  }
  return (*projection_)(final_norm_(at::stack(rows)));
}

}  // namespace runner
