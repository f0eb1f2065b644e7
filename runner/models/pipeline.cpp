#include "runner/models/pipeline.hpp"

#include <ATen/CPUGeneratorImpl.h>

#include <chrono>
#include <utility>

#include "runner/checkpoint/config.hpp"

namespace runner {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// Checks that the folder describes the pipeline this code implements; returns whether an absent
// negative prompt means zeros instead of the encoded empty string.
bool read_model_index(const std::filesystem::path &folder) {
  auto index = Config::load(folder / "model_index.json");
  const std::pair<const char *, const char *> components[] = {
      {"scheduler", "EulerDiscreteScheduler"},
      {"text_encoder", "CLIPTextModel"},
      {"text_encoder_2", "CLIPTextModelWithProjection"},
      {"tokenizer", "CLIPTokenizer"},
      {"tokenizer_2", "CLIPTokenizer"},
      {"unet", "UNet2DConditionModel"},
      {"vae", "AutoencoderKL"}};
  index.required<std::string>("_class_name");
  index.must_be("_class_name", {"StableDiffusionXLPipeline"});
  for (const auto &[component, expected] : components) {
    const auto entry = index.required<std::vector<nlohmann::json>>(component);
    if (entry.size() != 2 || entry[1] != expected) {
      index.refuse(component, std::string("must be a ") + expected);
    }
  }
  const nlohmann::json none = {nullptr, nullptr};
  for (const auto *component : {"feature_extractor", "image_encoder"}) {
    index.must_be(component, {none});
  }
  index.ignore({"add_watermarker"});
  const auto zeros = index.value_or("force_zeros_for_empty_prompt", true);
  index.finish();
  return zeros;
}

}  // namespace

Pipeline::Pipeline(const std::filesystem::path &folder, const std::string &variant,
                   const Device &device)
    : device_(device),
      zero_absent_negative_(read_model_index(folder)),
      tokenizer1_(folder / "tokenizer"),
      tokenizer2_(folder / "tokenizer_2"),
      encoder1_(folder / "text_encoder", variant, device.placement(), false),
      encoder2_(folder / "text_encoder_2", variant, device.placement(), true),
      unet_(folder / "unet", variant, device.placement()),
      vae_(folder / "vae", variant, device.placement()),
      scheduler_(folder / "scheduler") {
  check_consistency(folder);
  const auto native = unet_.config().sample_size * vae_.size_factor();
  limits_ = {native, native, vae_.size_factor() * unet_.size_factor(), scheduler_.max_steps()};
}

void Pipeline::check_consistency(const std::filesystem::path &folder) const {
  const auto require = [&folder](bool condition, const char *what) {
    if (!condition) throw CheckpointError(folder.string() + ": " + what);
  };
  const auto &unet = unet_.config();
  require(encoder1_.width() + encoder2_.width() == unet.context_size,
          "the text encoders' widths do not add up to the UNet's cross_attention_dim");
  require(encoder2_.projection_size() == unet.pooled_size(),
          "the text projection does not fit the UNet's added embedding");
  require(unet.in_channels == vae_.latent_channels() && unet.out_channels == vae_.latent_channels(),
          "the UNet and the VAE disagree on the latent channels");
  require(tokenizer1_.length() <= encoder1_.positions() &&
              tokenizer2_.length() <= encoder2_.positions() &&
              tokenizer1_.length() == tokenizer2_.length(),
          "the tokenizers' length does not fit the text encoders");
  require(tokenizer1_.vocabulary_size() <= encoder1_.vocabulary_size() &&
              tokenizer2_.vocabulary_size() <= encoder2_.vocabulary_size(),
          "a tokenizer knows more tokens than its text encoder");
}

Pipeline::Conditioning Pipeline::encode(const PictureRequest &request) const {
  const bool guided = request.guidance > 1;
  const bool zeros = guided && !request.negative_prompt && zero_absent_negative_;
  std::vector<std::vector<int64_t>> ids1, ids2;
  if (guided && !zeros) {
    const auto negative = request.negative_prompt.value_or("");
    ids1.push_back(tokenizer1_.encode(negative).ids);
    ids2.push_back(tokenizer2_.encode(negative).ids);
  }
  auto tokens = tokenizer1_.encode(request.prompt);
  ids1.push_back(std::move(tokens.ids));
  ids2.push_back(tokenizer2_.encode(request.prompt).ids);

  const auto text2 = encoder2_(ids2);
  Conditioning result{at::cat({encoder1_(ids1).hidden, text2.hidden}, -1), text2.pooled,
                      tokens.words, tokens.truncated};
  if (zeros) {
    result.context = at::cat({at::zeros_like(result.context), result.context});
    result.pooled = at::cat({at::zeros_like(result.pooled), result.pooled});
  }
  return result;
}

// Always drawn on the CPU, so a seed means the same noise on every device.
at::Tensor Pipeline::noise(const PictureRequest &request, uint64_t seed) const {
  const auto factor = vae_.size_factor();
  return at::randn({1, vae_.latent_channels(), request.height / factor, request.width / factor},
                   at::detail::createCPUGenerator(seed), at::TensorOptions(at::kFloat));
}

at::Tensor Pipeline::denoise(const PictureRequest &request, const Conditioning &conditioning,
                             const at::Tensor &noise, const IsCancelled &is_cancelled) const {
  const auto placement = device_.placement();
  const auto schedule = scheduler_.schedule(request.steps);
  const auto rows = conditioning.context.size(0);
  const auto height = static_cast<double>(request.height);
  const auto width = static_cast<double>(request.width);
  const auto time_ids = at::tensor({height, width, 0.0, 0.0, height, width}, at::kFloat)
                            .to(placement.device)
                            .expand({rows, 6});
  const auto prepared =
      unet_.prepare({conditioning.context, conditioning.pooled, time_ids}, schedule.timesteps);

  auto latents = noise.to(placement.device).mul(schedule.initial_scale);
  for (size_t step = 0; step < schedule.timesteps.size(); ++step) {
    if (is_cancelled && is_cancelled()) throw Cancelled();
    const double sigma = schedule.sigmas[step];
    const auto input = latents.div(std::sqrt(sigma * sigma + 1)).to(placement.type);
    auto predicted = unet_(input.expand({rows, -1, -1, -1}), prepared, step).to(at::kFloat);
    if (rows == 2) {
      const auto negative = predicted.select(0, 0), positive = predicted.select(0, 1);
      predicted = at::add(negative, positive - negative, request.guidance).unsqueeze(0);
    }
    latents.add_(predicted, schedule.sigmas[step + 1] - sigma);
  }
  return latents;
}

GenerationSummary Pipeline::generate(const PictureRequest &request, const IsCancelled &is_cancelled,
                                     const Sink &sink) const {
  const c10::InferenceMode no_gradients;
  auto start = Clock::now();
  const auto conditioning = encode(request);
  GenerationSummary summary{conditioning.prompt_tokens, conditioning.prompt_truncated, {}};
  summary.timings.encode_ms = milliseconds_since(start);
  // One by one, although a batch would be faster: a picture must not depend on what it was asked
  // together with.
  for (int64_t i = 0; i < request.count; ++i) {
    const auto seed = request.seed + static_cast<uint64_t>(i);
    start = Clock::now();
    const auto latents = denoise(request, conditioning, noise(request, seed), is_cancelled);
    summary.timings.denoise_ms += milliseconds_since(start);
    start = Clock::now();
    const auto decoded = decode(latents).select(0, 0);
    if (!at::isfinite(decoded).all().item<bool>()) {
      throw std::runtime_error("the model produced values that are not numbers");
    }
    sink({device_.to_rgb8(decoded), request.width, request.height, seed});
    summary.timings.decode_ms += milliseconds_since(start);
  }
  return summary;
}

}  // namespace runner
