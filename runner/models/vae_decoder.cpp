#include "runner/models/vae_decoder.hpp"

#include "runner/checkpoint/config.hpp"
#include "runner/layers/attention.hpp"

namespace runner {
namespace {

constexpr double norm_epsilon = 1e-6;

// Older files call the projections of the attention "query", "key", "value" and "proj_attn".
Linear load_projection(const WeightScope &weights, const char *name, const char *old_name,
                       int64_t channels) {
  const bool is_old = weights.has(std::string(old_name) + ".weight");
  return {weights / (is_old ? old_name : name), channels, channels};
}

void check_blocks(Config &config, const std::string &key, const std::string &supported,
                  size_t levels) {
  const auto names = config.required<std::vector<std::string>>(key);
  if (names.size() != levels) config.refuse(key, "has a wrong length");
  for (const auto &name : names) {
    if (name != supported) config.refuse(key, "names the unknown block " + name);
  }
}

}  // namespace

VaeDecoder::Attention::Attention(const WeightScope &weights, int64_t channels, int64_t groups)
    : norm(weights / "group_norm", channels, groups, norm_epsilon),
      queries(load_projection(weights, "to_q", "query", channels)),
      keys(load_projection(weights, "to_k", "key", channels)),
      values(load_projection(weights, "to_v", "value", channels)),
      output(load_projection(weights, "to_out.0", "proj_attn", channels)) {}

at::Tensor VaeDecoder::Attention::operator()(const at::Tensor &picture) const {
  const auto rows = norm(picture).permute({0, 2, 3, 1});
  const auto tokens = rows.reshape({rows.size(0), -1, rows.size(3)});
  const auto seen = attend(queries(tokens), keys(tokens), values(tokens), 1);
  return at::add(picture, output(seen).view(rows.sizes()).permute({0, 3, 1, 2}));
}

VaeDecoder::VaeDecoder(const std::filesystem::path &folder, const std::string &variant,
                       Placement placement)
    : placement_(placement) {
  auto config = Config::load(folder / "config.json");
  const auto levels = config.required<std::vector<int64_t>>("block_out_channels").size();
  if (levels == 0 || levels > 8) config.refuse("block_out_channels", "needs 1 to 8 blocks");
  const auto channels = config.per_block("block_out_channels", levels);
  config.must_be("act_fn", {"silu"});
  config.must_be("out_channels", {3});
  config.must_be("mid_block_add_attention", {true});
  config.must_be("use_post_quant_conv", {true});
  check_blocks(config, "up_block_types", "UpDecoderBlock2D", levels);
  config.ignore(
      {"down_block_types", "force_upcast", "in_channels", "sample_size", "use_quant_conv"});
  latent_channels_ = config.required_positive("latent_channels");
  scaling_factor_ = config.value_or("scaling_factor", 0.18215);
  if (!(scaling_factor_ > 0)) config.refuse("scaling_factor", "must be positive");
  const auto layers = config.required_positive("layers_per_block");
  const auto groups = config.required_positive("norm_num_groups");
  config.finish();

  WeightStore store(folder, "diffusion_pytorch_model", variant, placement);
  load(channels, layers, groups, WeightScope(store));
  store.finish({"encoder.", "quant_conv."});
}

void VaeDecoder::load(const std::vector<int64_t> &channels, int64_t layers, int64_t groups,
                      const WeightScope &weights) {
  const auto decoder = weights / "decoder";
  const auto deepest = channels.back();
  entry_ = Convolution(weights / "post_quant_conv", latent_channels_, latent_channels_, 1);
  input_ = Convolution(decoder / "conv_in", latent_channels_, deepest, 3);
  const auto add_resnet = [&](std::vector<Resnet> &list, const WeightScope &scope, int64_t inputs,
                              int64_t outputs) {
    const auto name = "resnets." + std::to_string(list.size());
    list.emplace_back(scope / name, ResnetShape{inputs, outputs, groups, norm_epsilon});
  };
  add_resnet(middle_, decoder / "mid_block", deepest, deepest);
  attention_.emplace(decoder / "mid_block" / "attentions.0", deepest, groups);
  add_resnet(middle_, decoder / "mid_block", deepest, deepest);
  auto inputs = deepest;
  for (size_t i = 0; i < channels.size(); ++i) {
    const auto scope = decoder / ("up_blocks." + std::to_string(i));
    const auto outputs = channels[channels.size() - 1 - i];
    auto &block = up_.emplace_back();
    for (int64_t layer = 0; layer <= layers; ++layer) {
      add_resnet(block.resnets, scope, inputs, outputs);
      inputs = outputs;
    }
    if (i + 1 < channels.size()) {
      block.resample.emplace(scope / "upsamplers.0.conv", outputs, outputs, 3);
    }
  }
  output_norm_ = GroupNorm(decoder / "conv_norm_out", channels.front(), groups, norm_epsilon);
  output_ = Convolution(decoder / "conv_out", channels.front(), 3, 3);
}

at::Tensor VaeDecoder::operator()(const at::Tensor &latents) const {
  const auto scaled = latents.to(placement_.type).div(scaling_factor_);
  auto hidden = input_(entry_(scaled.contiguous(placement_.layout)));
  hidden = middle_[0](hidden);
  hidden = (*attention_)(hidden);
  hidden = middle_[1](hidden);
  for (const auto &block : up_) {
    for (const auto &resnet : block.resnets)
      hidden = resnet(hidden);
    if (block.resample) hidden = (*block.resample)(enlarge(hidden));
  }
  return output_(swish(output_norm_(hidden)));
}

}  // namespace runner
