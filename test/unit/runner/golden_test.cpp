// The runner against outputs of the reference implementation for the same weights, stage by stage.
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "fixtures.hpp"

namespace runner::test {
namespace {

constexpr double tolerance = 1e-4;

class GoldenCase : public testing::TestWithParam<int> {
 protected:
  const nlohmann::json &described_ = golden_index().at("cases").at(GetParam());
  const Golden golden_{golden_folder / described_.at("file").get<std::string>()};
  const PictureRequest request_ = golden_request(described_);
  const c10::InferenceMode no_gradients_;
};

TEST_P(GoldenCase, TokenIdsAreExact) {
  const Tokenizer first(model_folder / "tokenizer"), second(model_folder / "tokenizer_2");
  EXPECT_EQ(first.encode(request_.prompt).ids, golden_.integers("prompt.ids_1"));
  EXPECT_EQ(second.encode(request_.prompt).ids, golden_.integers("prompt.ids_2"));
}

TEST_P(GoldenCase, TextEncodersAgree) {
  const TextEncoder first(model_folder / "text_encoder", "", {}, false);
  const TextEncoder second(model_folder / "text_encoder_2", "", {}, true);
  const auto ids1 = golden_.integers("prompt.ids_1"), ids2 = golden_.integers("prompt.ids_2");
  const auto text1 = first({ids1});
  const auto text2 = second({ids2});
  EXPECT_LT(relative_error(text1.hidden, golden_["prompt.text_encoder.hidden_states_m2"]),
            tolerance);
  EXPECT_LT(relative_error(text2.hidden, golden_["prompt.text_encoder_2.hidden_states_m2"]),
            tolerance);
  EXPECT_LT(relative_error(text2.pooled, golden_["prompt.text_encoder_2.text_embeds"]), tolerance);
}

TEST_P(GoldenCase, ConditioningAgrees) {
  const auto conditioning = pipeline().encode(request_);
  EXPECT_LT(relative_error(conditioning.context, golden_["unet.encoder_hidden_states"]), tolerance);
  EXPECT_LT(relative_error(conditioning.pooled, golden_["unet.text_embeds"]), tolerance);
}

TEST_P(GoldenCase, NoiseOfTheSeedIsTheSame) {
  EXPECT_LT(relative_error(pipeline().noise(request_, request_.seed), golden_["noise"]), 1e-6);
}

TEST_P(GoldenCase, UNetAgreesInTheFirstStep) {
  const UNet unet(model_folder / "unet", "", {});
  const auto timesteps = golden_["timesteps"];
  const std::vector<float> values(timesteps.data_ptr<float>(),
                                  timesteps.data_ptr<float>() + timesteps.numel());
  const auto prepared = unet.prepare({golden_["unet.encoder_hidden_states"],
                                      golden_["unet.text_embeds"], golden_["unet.time_ids"]},
                                     values);
  const auto predicted = unet(golden_["unet.sample_step0"], prepared, 0);
  EXPECT_LT(relative_error(predicted, golden_["unet.out_step0"]), tolerance);
}

TEST_P(GoldenCase, VaeAgrees) {
  const auto decoded = pipeline().decode(golden_["latents_after_25"]);
  EXPECT_LT(relative_error(decoded, golden_["vae.decoded"]), tolerance);
}

TEST_P(GoldenCase, FinalLatentsAgree) {
  const auto conditioning = pipeline().encode(request_);
  const auto latents = pipeline().denoise(request_, conditioning, golden_["noise"], {});
  EXPECT_LT(relative_error(latents, golden_["latents_after_25"]), tolerance);
}

TEST_P(GoldenCase, PictureIsWithinOneStepOfEveryByte) {
  std::vector<Picture> pictures;
  pipeline().generate(request_, {}, [&](Picture &&picture) { pictures.push_back(picture); });
  ASSERT_EQ(pictures.size(), 1U);
  const auto expected = golden_["image"].select(0, 0).permute({1, 2, 0}).contiguous();
  ASSERT_EQ(pictures[0].rgb.size(), static_cast<size_t>(expected.numel()));
  double largest = 0;
  for (size_t i = 0; i < pictures[0].rgb.size(); ++i) {
    const double wanted = std::nearbyint(255.0 * expected.data_ptr<float>()[i]);
    largest = std::max(largest, std::abs(pictures[0].rgb[i] - wanted));
  }
  EXPECT_LE(largest, 1);
}

INSTANTIATE_TEST_SUITE_P(Goldens, GoldenCase, testing::Range(0, 4));

TEST(GoldenTokens, EveryStringGivesTheReferenceIds) {
  const Tokenizer first(model_folder / "tokenizer"), second(model_folder / "tokenizer_2");
  for (const auto &expected : golden_index().at("tokenization")) {
    const auto text = expected.at("text").get<std::string>();
    EXPECT_EQ(first.encode(text).ids, expected.at("ids_1").get<std::vector<int64_t>>()) << text;
    EXPECT_EQ(second.encode(text).ids, expected.at("ids_2").get<std::vector<int64_t>>()) << text;
  }
}

// Random weights in SDXL base's block structure: three levels, several transformer depths,
// non-square latents.
TEST(SdxlShape, UNetAgrees) {
  const c10::InferenceMode no_gradients;
  const auto folder = golden_folder / "sdxl-shape";
  const Golden golden(folder / "golden.safetensors");
  const UNet unet(folder / "unet", "", {});
  const auto prepared = unet.prepare(
      {golden["in.encoder_hidden_states"], golden["in.text_embeds"], golden["in.time_ids"]},
      {golden["in.timestep"].item<float>()});
  EXPECT_LT(relative_error(unet(golden["in.sample"], prepared, 0), golden["out.unet"]), tolerance);
}

TEST(SdxlShape, VaeAgrees) {
  const c10::InferenceMode no_gradients;
  const auto folder = golden_folder / "sdxl-shape";
  const Golden golden(folder / "golden.safetensors");
  const VaeDecoder vae(folder / "vae", "", {});
  EXPECT_LT(relative_error(vae(golden["in.latents"]), golden["out.vae_decode"]), tolerance);
}

}  // namespace
}  // namespace runner::test
