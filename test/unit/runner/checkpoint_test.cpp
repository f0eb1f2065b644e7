// Configuration and weights: settings and files this code does not implement are refused, never
// ignored, and the same model may be stored in several ways.
#include <gtest/gtest.h>

#include <cstring>

#include "fixtures.hpp"
#include "runner/checkpoint/config.hpp"
#include "runner/checkpoint/weights.hpp"
#include "runner/models/scheduler.hpp"
#include "safetensors_writer.hpp"
#include "temporary_folder.hpp"

namespace runner::test {
namespace {

namespace fs = std::filesystem;

// What `attempt` throws, or "accepted".
template <class Attempt>
std::string refusal(const Attempt &attempt) {
  try {
    attempt();
  } catch (const CheckpointError &error) {
    return error.what();
  }
  return "accepted";
}

// A copy of the shipped model that a test may damage.
class ModelCopy {
 public:
  ModelCopy() { fs::copy(model_folder, folder(), fs::copy_options::recursive); }

  fs::path folder() const { return temporary_ / "model"; }

  void set(const std::string &file, const std::string &key, const nlohmann::json &value) const {
    auto settings = load_json(folder() / file);
    settings[key] = value;
    std::ofstream(folder() / file) << settings;
  }

  std::string refusal_of_load() const {
    return refusal([this] { Pipeline(folder(), "", cpu()); });
  }

 private:
  TemporaryFolder temporary_;
};

struct BadSetting {
  const char *file, *key;
  nlohmann::json value;
};

class BadSettings : public testing::TestWithParam<BadSetting> {};

TEST_P(BadSettings, AreRefusedByName) {
  const ModelCopy model;
  const auto &bad = GetParam();
  model.set(bad.file, bad.key, bad.value);
  const auto message = model.refusal_of_load();
  EXPECT_NE(message.find(bad.key), std::string::npos) << message;
  EXPECT_NE(message.find(bad.file), std::string::npos) << message;
}

INSTANTIATE_TEST_SUITE_P(
    Checkpoint, BadSettings,
    testing::Values(
        BadSetting{"unet/config.json", "addition_embed_type", "image"},
        BadSetting{"unet/config.json", "addition_embed_type", nullptr},
        BadSetting{"unet/config.json", "act_fn", "mish"},
        BadSetting{"unet/config.json", "only_cross_attention", true},
        BadSetting{"unet/config.json", "class_embed_type", "timestep"},
        BadSetting{"unet/config.json", "time_cond_proj_dim", 256},
        BadSetting{"unet/config.json", "use_linear_projection", false},
        BadSetting{"unet/config.json", "attention_head_dim", {2, 4, 8}},
        BadSetting{"unet/config.json", "attention_head_dim", 3},
        BadSetting{"unet/config.json", "down_block_types", {"DownBlock2D", "AttnDownBlock2D"}},
        BadSetting{"unet/config.json", "block_out_channels", "wide"},
        BadSetting{"unet/config.json", "some_new_feature", "on"},
        BadSetting{"vae/config.json", "latents_mean", {0.1, 0.2, 0.3, 0.4}},
        BadSetting{"vae/config.json", "scaling_factor", 0},
        BadSetting{"vae/config.json", "mid_block_add_attention", false},
        BadSetting{"scheduler/scheduler_config.json", "prediction_type", "v_prediction"},
        BadSetting{"scheduler/scheduler_config.json", "timestep_spacing", "trailing"},
        BadSetting{"scheduler/scheduler_config.json", "use_karras_sigmas", true},
        BadSetting{"scheduler/scheduler_config.json", "beta_end", 0},
        BadSetting{"text_encoder/config.json", "hidden_act", "relu"},
        BadSetting{"text_encoder/config.json", "num_attention_heads", 3},
        BadSetting{"text_encoder_2/config.json", "num_hidden_layers", -1},
        BadSetting{"tokenizer/tokenizer_config.json", "model_max_length", 1},
        BadSetting{"tokenizer/tokenizer_config.json", "tokenizer_class", "T5Tokenizer"},
        BadSetting{"model_index.json", "_class_name", "StableDiffusionPipeline"},
        BadSetting{"model_index.json", "scheduler", {"diffusers", "DDIMScheduler"}},
        BadSetting{"model_index.json", "image_encoder", {"transformers", "CLIPVisionModel"}}));

TEST(Checkpoint, HarmlessSettingsOfOtherVersionsAreAccepted) {
  const ModelCopy model;
  model.set("model_index.json", "feature_extractor", {nullptr, nullptr});
  model.set("unet/config.json", "some_new_feature", false);
  model.set("unet/config.json", "another_new_feature", nullptr);
  model.set("scheduler/scheduler_config.json", "skip_prk_steps", true);
  EXPECT_EQ(model.refusal_of_load(), "accepted");
}

TEST(Checkpoint, ComponentsThatDoNotFitEachOtherAreRefused) {
  const ModelCopy model;
  fs::remove_all(model.folder() / "text_encoder_2");
  fs::copy(model.folder() / "text_encoder", model.folder() / "text_encoder_2");
  EXPECT_NE(model.refusal_of_load(), "accepted");
}

TEST(Checkpoint, MissingFilesAreNamed) {
  for (const auto *name : {"model_index.json", "unet/config.json", "vae/config.json",
                           "tokenizer/vocab.json", "tokenizer_2/merges.txt"}) {
    const ModelCopy model;
    fs::remove(model.folder() / name);
    EXPECT_NE(model.refusal_of_load().find(name), std::string::npos) << name;
  }
}

std::string tensor_bytes(const at::Tensor &tensor) {
  const auto contiguous = tensor.contiguous();
  return {static_cast<const char *>(contiguous.data_ptr()),
          static_cast<size_t>(contiguous.nbytes())};
}

at::Tensor take_only(const TemporaryFolder &folder, const std::string &variant = "") {
  WeightStore store(folder.path(), "model", variant, {});
  return store.take("x", {2});
}

TEST(Weights, EveryFloatingPointTypeIsConverted) {
  const auto values = at::tensor({1.5F, -0.25F});
  const std::pair<const char *, at::ScalarType> types[] = {
      {"F16", at::kHalf}, {"BF16", at::kBFloat16}, {"F32", at::kFloat}, {"F64", at::kDouble}};
  for (const auto &[name, type] : types) {
    const TemporaryFolder folder;
    folder.write("model.safetensors",
                 safetensors_bytes({{"x", {name, {2}, tensor_bytes(values.to(type))}}}));
    EXPECT_TRUE(at::equal(take_only(folder), values)) << name;
  }
}

TEST(Weights, IntegersAreRefused) {
  const TemporaryFolder folder;
  folder.write("model.safetensors", safetensors_bytes({{"x", {"I32", {2}, "12345678"}}}));
  EXPECT_NE(refusal([&] { take_only(folder); }).find("floating point"), std::string::npos);
}

std::string file_with(float first) {
  return safetensors_bytes({{"x", {"F32", {2}, tensor_bytes(at::tensor({first, 0.0F}))}}});
}

TEST(Weights, TheVariantIsChosenByName) {
  const TemporaryFolder folder;
  folder.write("model.safetensors", file_with(1));
  folder.write("model.fp16.safetensors", file_with(2));
  EXPECT_EQ(take_only(folder)[0].item<float>(), 1);
  EXPECT_EQ(take_only(folder, "fp16")[0].item<float>(), 2);
}

TEST(Weights, AnOnlyVariantNeedsNoName) {
  const TemporaryFolder folder;
  folder.write("model.fp16.safetensors", file_with(2));
  EXPECT_EQ(take_only(folder)[0].item<float>(), 2);
  folder.write("model.bf16.safetensors", file_with(3));
  EXPECT_NE(refusal([&] { take_only(folder); }).find("several variants"), std::string::npos);
}

TEST(Weights, ShardsAreJoinedByTheirIndex) {
  for (const auto *index : {"model.safetensors.index.json", "model.fp16.safetensors.index.json",
                            "model.safetensors.index.fp16.json"}) {
    const TemporaryFolder folder;
    const auto y = safetensors_bytes({{"y", {"F16", {1}, "ab"}}});
    folder.write("model-00001-of-00002.safetensors", file_with(5));
    folder.write("model-00002-of-00002.safetensors", y);
    folder.write(index, R"({"weight_map":{"x":"model-00001-of-00002.safetensors",
                            "y":"model-00002-of-00002.safetensors"}})");
    WeightStore store(folder.path(), "model", "", {});
    EXPECT_EQ(store.take("x", {2})[0].item<float>(), 5) << index;
    EXPECT_TRUE(store.has("y"));
  }
}

TEST(Weights, AnIndexCannotPointOutsideItsFolder) {
  for (const auto *name : {"../secret", "/etc/passwd", "..", "", "sub/file"}) {
    const TemporaryFolder folder;
    folder.write("model.safetensors.index.json",
                 nlohmann::json({{"weight_map", {{"x", name}}}}).dump());
    EXPECT_NE(refusal([&] { take_only(folder); }).find("bad file name"), std::string::npos) << name;
  }
}

TEST(Weights, WrongShapesMissingAndUnusedTensorsAreRefused) {
  const TemporaryFolder folder;
  folder.write("model.safetensors", file_with(1));
  WeightStore store(folder.path(), "model", "", {});
  EXPECT_NE(refusal([&] { store.take("x", {1, 2}); }).find("has shape [2]"), std::string::npos);
  EXPECT_NE(refusal([&] { store.take("z", {2}); }).find("\"z\" is missing"), std::string::npos);
  EXPECT_NE(refusal([&] { store.finish({"unrelated."}); }).find("has no place"), std::string::npos);
  EXPECT_EQ(refusal([&] { store.finish({"x"}); }), "accepted");
}

// The model stored as real SDXL folders are: float32 text encoder, variant names, shards with an
// index.
TEST(Checkpoint, TheSamePictureComesFromEveryWayToStoreTheModel) {
  const ModelCopy model;
  const auto unet = model.folder() / "unet";
  const SafetensorsFile stored(unet / "diffusion_pytorch_model.safetensors");
  std::map<std::string, StoredTensor> shards[2];
  nlohmann::json map;
  for (const auto &[name, entry] : stored.tensors()) {
    const size_t shard = map.size() % 2;
    const auto *bytes = reinterpret_cast<const char *>(entry.bytes.data());
    shards[shard].emplace(name,
                          StoredTensor{"F16", entry.shape, {bytes, bytes + entry.bytes.size()}});
    map[name] = "part-" + std::to_string(shard) + ".safetensors";
  }
  for (size_t i = 0; i < 2; ++i) {
    std::ofstream(unet / ("part-" + std::to_string(i) + ".safetensors"), std::ios::binary)
        << safetensors_bytes(shards[i]);
  }
  std::ofstream(unet / "diffusion_pytorch_model.safetensors.index.fp16.json")
      << nlohmann::json{{"weight_map", map}};
  fs::remove(unet / "diffusion_pytorch_model.safetensors");
  fs::rename(model.folder() / "vae/diffusion_pytorch_model.safetensors",
             model.folder() / "vae/diffusion_pytorch_model.fp16.safetensors");

  auto request = golden_request(golden_index().at("cases").at(0));
  request.steps = 2;
  const auto picture_of = [&request](const Pipeline &from) {
    std::vector<uint8_t> bytes;
    from.generate(request, {}, [&](Picture &&picture) { bytes = picture.rgb; });
    return bytes;
  };
  EXPECT_EQ(picture_of(Pipeline(model.folder(), "fp16", cpu())), picture_of(pipeline()));
}

TEST(Scheduler, GivesTheReferenceStepsAndNoiseLevels) {
  const Golden golden(golden_folder / "case0.safetensors");
  const auto schedule = Scheduler(model_folder / "scheduler").schedule(25);
  const auto sigmas = golden["sigmas"], timesteps = golden["timesteps"];
  ASSERT_EQ(schedule.sigmas.size(), 26U);
  for (size_t i = 0; i < schedule.sigmas.size(); ++i) {
    const auto expected = sigmas[static_cast<int64_t>(i)].item<float>();
    EXPECT_NEAR(schedule.sigmas[i], expected, 1e-5 * expected) << i;
  }
  for (size_t i = 0; i < schedule.timesteps.size(); ++i) {
    EXPECT_EQ(schedule.timesteps[i], timesteps[static_cast<int64_t>(i)].item<float>()) << i;
  }
}

TEST(Scheduler, EveryNumberOfStepsFallsToZero) {
  const Scheduler scheduler(model_folder / "scheduler");
  for (int64_t steps = 1; steps <= scheduler.max_steps(); ++steps) {
    const auto schedule = scheduler.schedule(steps);
    ASSERT_EQ(schedule.timesteps.size(), static_cast<size_t>(steps));
    ASSERT_TRUE(std::is_sorted(schedule.sigmas.rbegin(), schedule.sigmas.rend()));
    ASSERT_EQ(schedule.sigmas.back(), 0);
    ASSERT_EQ(schedule.timesteps.back(), 1);
  }
}

}  // namespace
}  // namespace runner::test
