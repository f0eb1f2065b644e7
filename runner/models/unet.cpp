#include "runner/models/unet.hpp"

#include <cmath>

#include "runner/checkpoint/config.hpp"

namespace runner {
namespace {

constexpr double max_period = 10000;

std::string numbered(const char *name, size_t index) {
  return std::string(name) + "." + std::to_string(index);
}

}  // namespace

at::Tensor sinusoids(const at::Tensor &values, int64_t size) {
  const auto half = size / 2;
  const auto exponents = at::arange(half, values.options())
                             .mul_(-std::log(max_period))
                             .div_(static_cast<double>(half));
  const auto angles = values.unsqueeze(-1) * exponents.exp_();
  return at::cat({angles.cos(), angles.sin()}, -1);
}

UNet::UNet(const std::filesystem::path &folder, const std::string &variant, Placement placement)
    : placement_(placement) {
  auto settings = Config::load(folder / "config.json");
  config_ = UNetConfig::read(settings);
  WeightStore store(folder, "diffusion_pytorch_model", variant, placement);
  const WeightScope weights(store);
  const auto first = config_.channels.front();
  const auto time = config_.time_size();
  time1_ = Linear(weights / "time_embedding.linear_1", first, time);
  time2_ = Linear(weights / "time_embedding.linear_2", time, time);
  extra1_ = Linear(weights / "add_embedding.linear_1", config_.projection_input_size, time);
  extra2_ = Linear(weights / "add_embedding.linear_2", time, time);
  input_ = Convolution(weights / "conv_in", config_.in_channels, first, 3);
  load_down(weights);
  load_middle(weights);
  load_up(weights);
  output_norm_ = GroupNorm(weights / "conv_norm_out", first, config_.groups, config_.epsilon);
  output_ = Convolution(weights / "conv_out", first, config_.out_channels, 3);
  store.finish({});
}

Resnet UNet::load_resnet(const WeightScope &weights, int64_t inputs, int64_t outputs) const {
  return {weights, {inputs, outputs, config_.groups, config_.epsilon, config_.time_size()}};
}

Transformer UNet::load_transformer(const WeightScope &weights, size_t level) const {
  return {weights,
          {config_.channels[level], config_.heads[level], config_.depths[level],
           config_.context_size, config_.groups}};
}

void UNet::load_down(const WeightScope &weights) {
  auto inputs = config_.channels.front();
  for (size_t level = 0; level < config_.channels.size(); ++level) {
    const auto scope = weights / numbered("down_blocks", level);
    const auto outputs = config_.channels[level];
    auto &block = down_.emplace_back();
    for (int64_t i = 0; i < config_.layers_per_block; ++i) {
      block.resnets.push_back(
          load_resnet(scope / numbered("resnets", i), i == 0 ? inputs : outputs, outputs));
      if (config_.down_attends[level]) {
        block.transformers.push_back(load_transformer(scope / numbered("attentions", i), level));
      }
    }
    if (level + 1 < config_.channels.size()) {
      block.resample.emplace(scope / "downsamplers.0.conv", outputs, outputs, 3, 2);
    }
    inputs = outputs;
  }
}

void UNet::load_middle(const WeightScope &weights) {
  const auto scope = weights / "mid_block";
  const auto channels = config_.channels.back();
  middle_.resnets.push_back(load_resnet(scope / "resnets.0", channels, channels));
  middle_.resnets.push_back(load_resnet(scope / "resnets.1", channels, channels));
  middle_.transformers.push_back(
      load_transformer(scope / "attentions.0", config_.channels.size() - 1));
}

// Each layer on the way up also gets the output of the matching layer on the way down.
void UNet::load_up(const WeightScope &weights) {
  const auto levels = config_.channels.size();
  auto inputs = config_.channels.back();
  for (size_t i = 0; i < levels; ++i) {
    const auto level = levels - 1 - i;
    const auto scope = weights / numbered("up_blocks", i);
    const auto outputs = config_.channels[level];
    const auto last_skip = config_.channels[level == 0 ? 0 : level - 1];
    auto &block = up_.emplace_back();
    for (int64_t layer = 0; layer <= config_.layers_per_block; ++layer) {
      const auto skip = layer == config_.layers_per_block ? last_skip : outputs;
      block.resnets.push_back(
          load_resnet(scope / numbered("resnets", layer), inputs + skip, outputs));
      if (config_.up_attends[i]) {
        block.transformers.push_back(
            load_transformer(scope / numbered("attentions", layer), level));
      }
      inputs = outputs;
    }
    if (level > 0) block.resample.emplace(scope / "upsamplers.0.conv", outputs, outputs, 3);
  }
}

// (steps, batch, time_size), activated
at::Tensor UNet::time_embedding(const UNetInputs &inputs,
                                const std::vector<float> &timesteps) const {
  const auto batch = inputs.pooled.size(0);
  const auto as_float = at::TensorOptions(at::kFloat).device(placement_.device);
  const auto times = sinusoids(at::tensor(timesteps, as_float), config_.channels.front());
  const auto ids = sinusoids(inputs.time_ids.to(at::kFloat), config_.time_id_size);
  const auto steps = time2_(swish(time1_(times.to(placement_.type))));
  const auto pooled_and_ids =
      at::cat({inputs.pooled, ids.reshape({batch, -1}).to(placement_.type)}, -1);
  const auto extra = extra2_(swish(extra1_(pooled_and_ids)));
  return swish(steps.unsqueeze(1) + extra.unsqueeze(0));
}

UNet::Prepared UNet::prepare(const UNetInputs &inputs, const std::vector<float> &timesteps) const {
  Prepared prepared;
  const auto time = time_embedding(inputs, timesteps);
  const auto add = [&](const Block &block) {
    for (const auto &resnet : block.resnets)
      prepared.shifts.push_back(resnet.shift(time));
    for (const auto &transformer : block.transformers) {
      prepared.contexts.push_back(transformer.prepare(inputs.context));
    }
  };
  for (const auto &block : down_)
    add(block);
  add(middle_);
  for (const auto &block : up_)
    add(block);
  return prepared;
}

// How far a pass through the network has come in the prepared lists.
struct UNet::Progress {
  const Prepared &prepared;
  int64_t step;
  size_t resnets = 0, transformers = 0;
};

at::Tensor UNet::run_layer(const Block &block, size_t layer, const at::Tensor &input,
                           Progress &progress) const {
  const auto shift = progress.prepared.shifts[progress.resnets++].select(0, progress.step);
  auto hidden = block.resnets[layer](input, shift);
  if (layer < block.transformers.size()) {
    hidden = block.transformers[layer](hidden, progress.prepared.contexts[progress.transformers++]);
  }
  return hidden;
}

at::Tensor UNet::operator()(const at::Tensor &latents, const Prepared &prepared,
                            size_t step) const {
  Progress progress{prepared, static_cast<int64_t>(step)};
  auto hidden = input_(latents.contiguous(placement_.layout));
  std::vector<at::Tensor> skips = {hidden};
  for (const auto &block : down_) {
    for (size_t layer = 0; layer < block.resnets.size(); ++layer) {
      skips.push_back(hidden = run_layer(block, layer, hidden, progress));
    }
    if (block.resample) skips.push_back(hidden = (*block.resample)(hidden));
  }
  for (size_t layer = 0; layer < middle_.resnets.size(); ++layer) {
    hidden = run_layer(middle_, layer, hidden, progress);
  }
  for (const auto &block : up_) {
    for (size_t layer = 0; layer < block.resnets.size(); ++layer) {
      const auto joined = at::cat({hidden, skips.back()}, 1);
      skips.pop_back();
      hidden = run_layer(block, layer, joined, progress);
    }
    if (block.resample) hidden = (*block.resample)(enlarge(hidden));
  }
  return output_(swish(output_norm_(hidden)));
}

}  // namespace runner
