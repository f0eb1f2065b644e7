#include "runner/checkpoint/config.hpp"
#include "runner/models/unet.hpp"

namespace runner {
namespace {

// Whether each block has cross-attention, from the block class names.
std::vector<bool> attention_of(Config &config, const std::string &key, const std::string &plain,
                               const std::string &attending) {
  std::vector<bool> attends;
  for (const auto &name : config.required<std::vector<std::string>>(key)) {
    if (name != plain && name != attending) config.refuse(key, "names the unknown block " + name);
    attends.push_back(name == attending);
  }
  return attends;
}

void check_supported(Config &config) {
  config.must_be("act_fn", {"silu"});
  config.required<std::string>("addition_embed_type");
  config.must_be("addition_embed_type", {"text_time"});
  config.must_be("attention_type", {"default"});
  config.must_be("conv_in_kernel", {3});
  config.must_be("conv_out_kernel", {3});
  config.must_be("downsample_padding", {1});
  config.must_be("flip_sin_to_cos", {true});
  config.must_be("freq_shift", {0});
  config.must_be("mid_block_scale_factor", {1});
  config.must_be("mid_block_type", {"UNetMidBlock2DCrossAttn"});
  config.must_be("resnet_out_scale_factor", {1});
  config.must_be("resnet_time_scale_shift", {"default"});
  config.must_be("time_embedding_type", {"positional"});
  config.required<bool>("use_linear_projection");
  config.must_be("use_linear_projection", {true});
  config.ignore({"addition_embed_type_num_heads", "dropout"});
}

}  // namespace

UNetConfig UNetConfig::read(Config &config) {
  check_supported(config);
  UNetConfig result{};
  result.channels = config.required<std::vector<int64_t>>("block_out_channels");
  const auto levels = result.channels.size();
  if (levels == 0 || levels > 8) config.refuse("block_out_channels", "needs 1 to 8 blocks");
  result.channels = config.per_block("block_out_channels", levels);
  result.down_attends =
      attention_of(config, "down_block_types", "DownBlock2D", "CrossAttnDownBlock2D");
  result.up_attends = attention_of(config, "up_block_types", "UpBlock2D", "CrossAttnUpBlock2D");
  if (result.down_attends.size() != levels) config.refuse("down_block_types", "has a wrong length");
  if (result.up_attends.size() != levels) config.refuse("up_block_types", "has a wrong length");
  // "attention_head_dim" holds the number of heads, unless "num_attention_heads" is there.
  result.heads = config.per_block(
      config.has("num_attention_heads") ? "num_attention_heads" : "attention_head_dim", levels);
  config.ignore({"attention_head_dim"});
  result.depths = config.has("transformer_layers_per_block")
                      ? config.per_block("transformer_layers_per_block", levels)
                      : std::vector<int64_t>(levels, 1);
  for (size_t i = 0; i < levels; ++i) {
    if (result.channels[i] % result.heads[i] != 0) {
      config.refuse("attention_head_dim", "does not divide the channels");
    }
  }
  result.in_channels = config.required_positive("in_channels");
  result.out_channels = config.required_positive("out_channels");
  result.sample_size = config.required_positive("sample_size");
  result.layers_per_block = config.required_positive("layers_per_block");
  result.groups = config.required_positive("norm_num_groups");
  result.context_size = config.required_positive("cross_attention_dim");
  result.time_id_size = config.required_positive("addition_time_embed_dim");
  result.projection_input_size = config.required_positive("projection_class_embeddings_input_dim");
  result.epsilon = config.value_or("norm_eps", 1e-5);
  if (result.pooled_size() < 1) {
    config.refuse("projection_class_embeddings_input_dim", "leaves no room for the prompt");
  }
  config.finish();
  return result;
}

}  // namespace runner
