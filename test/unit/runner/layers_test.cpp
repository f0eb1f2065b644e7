// The fast layers against plain formulas in double precision.
#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "fixtures.hpp"
#include "runner/device/rgb8.hpp"
#include "runner/layers/attention.hpp"
#include "runner/layers/group_norm.hpp"
#include "safetensors_writer.hpp"
#include "temporary_folder.hpp"

namespace runner::test {
namespace {

at::Tensor random(at::IntArrayRef shape, uint64_t seed) {
  return at::randn(shape, at::detail::createCPUGenerator(seed), at::TensorOptions(at::kFloat));
}

// Stores tensors as a weight file and opens it.
class Stored {
 public:
  explicit Stored(const std::map<std::string, at::Tensor> &tensors) {
    std::map<std::string, StoredTensor> file;
    for (const auto &[name, tensor] : tensors) {
      const auto *bytes = static_cast<const char *>(tensor.data_ptr());
      file.emplace(name,
                   StoredTensor{"F32", tensor.sizes().vec(), {bytes, bytes + tensor.nbytes()}});
    }
    folder_.write("model.safetensors", safetensors_bytes(file));
    store_.emplace(folder_.path(), "model", "", Placement{});
  }
  WeightScope scope() { return WeightScope(*store_); }

 private:
  TemporaryFolder folder_;
  std::optional<WeightStore> store_;
};

TEST(Layers, LinearMatchesTheFormula) {
  const c10::InferenceMode no_gradients;
  for (const int64_t rows : {1, 7, 154}) {
    const auto weight = random({40, 24}, 1), bias = random({40}, 2),
               input = random({2, rows, 24}, 3);
    Stored stored({{"weight", weight}, {"bias", bias}});
    const auto expected =
        at::matmul(input.to(at::kDouble), weight.to(at::kDouble).t()) + bias.to(at::kDouble);
    EXPECT_LT(relative_error(Linear(stored.scope(), 24, 40)(input), expected), 1e-6);
    EXPECT_LT(relative_error(Linear(stored.scope(), 24, 40, false)(input),
                             expected - bias.to(at::kDouble)),
              1e-6);
    const auto halves = Linear::halves(stored.scope(), 24, 20);
    EXPECT_LT(relative_error(at::cat({halves[0](input), halves[1](input)}, -1), expected), 1e-6);
  }
}

at::Tensor plain_attention(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v,
                           int64_t heads, bool causal) {
  const auto split = [heads](const at::Tensor &t) {
    return t.to(at::kDouble)
        .reshape({t.size(0), t.size(1), heads, t.size(2) / heads})
        .transpose(1, 2);
  };
  const auto width = static_cast<double>(q.size(2) / heads);
  auto scores = at::matmul(split(q), split(k).transpose(2, 3)) / std::sqrt(width);
  if (causal) {
    const auto hidden = at::ones({q.size(1), k.size(1)}, at::kBool).triu(1);
    scores = scores.masked_fill(hidden, -std::numeric_limits<double>::infinity());
  }
  return at::matmul(scores.softmax(-1), split(v)).transpose(1, 2).reshape(q.sizes());
}

TEST(Layers, AttentionMatchesTheFormula) {
  const c10::InferenceMode no_gradients;
  for (const int64_t heads : {1, 3}) {
    for (const int64_t seen : {1, 64, 77}) {
      const auto q = random({2, 64, 48}, 4), k = random({2, seen, 48}, 5),
                 v = random({2, seen, 48}, 6);
      EXPECT_LT(relative_error(attend(q, k, v, heads), plain_attention(q, k, v, heads, false)),
                1e-6);
    }
    const auto all = random({2, 77, 144}, 7).chunk(3, -1);
    EXPECT_LT(relative_error(attend(all[0], all[1], all[2], heads, true),
                             plain_attention(all[0], all[1], all[2], heads, true)),
              1e-6);
  }
}

// More scores than are kept in memory at a time, so that the queries are worked off in several
// runs.
TEST(Layers, AttentionOverManyTokensIsTheSameInRuns) {
  const c10::InferenceMode no_gradients;
  const auto all = random({2, 6000, 8}, 8);
  const auto few = all.slice(1, 5990, 6000);
  const auto whole = attend(all, all, all, 1).slice(1, 5990, 6000);
  EXPECT_LT(relative_error(whole, plain_attention(few, all, all, 1, false)), 1e-5);
}

TEST(Layers, GroupNormMatchesTheFormula) {
  const c10::InferenceMode no_gradients;
  for (const int64_t side : {1, 3, 16, 31}) {
    const auto weight = random({24}, 9), bias = random({24}, 10);
    // A mean far from zero shows cancellation.
    const auto input =
        (random({2, 24, side, side + 2}, 11) + 50).contiguous(at::MemoryFormat::ChannelsLast);
    Stored stored({{"weight", weight}, {"bias", bias}});
    const auto expected = at::group_norm(input.to(at::kDouble).contiguous(), 6,
                                         weight.to(at::kDouble), bias.to(at::kDouble), 1e-5);
    EXPECT_LT(relative_error(GroupNorm(stored.scope(), 24, 6, 1e-5)(input), expected), 2e-5)
        << side;
  }
}

TEST(Layers, GeluIsExact) {
  const auto input = at::linspace(-6, 6, 4001, at::kFloat);
  const auto expected = at::gelu(input.to(at::kDouble));
  EXPECT_LT((exact_gelu(input.clone()) - expected).abs().max().item<double>(), 1e-6);
}

TEST(Layers, ConvolutionMatchesTheFormula) {
  const c10::InferenceMode no_gradients;
  for (const int64_t stride : {1, 2}) {
    const auto weight = random({8, 4, 3, 3}, 12), bias = random({8}, 13),
               input = random({1, 4, 10, 6}, 14);
    Stored stored({{"weight", weight}, {"bias", bias}});
    const auto expected = at::conv2d(input.to(at::kDouble), weight.to(at::kDouble),
                                     bias.to(at::kDouble), {stride, stride}, {1, 1});
    EXPECT_LT(relative_error(Convolution(stored.scope(), 4, 8, 3, stride)(input), expected), 1e-6);
  }
}

TEST(Rgb8, RoundsHalvesToEvenAndClamps) {
  EXPECT_EQ(rgb8_from_decoded(-1), 0);
  EXPECT_EQ(rgb8_from_decoded(1), 255);
  EXPECT_EQ(rgb8_from_decoded(-7), 0);
  EXPECT_EQ(rgb8_from_decoded(7), 255);
  EXPECT_EQ(rgb8_from_decoded(0), 128);  // 127.5
  EXPECT_EQ(rgb8_from_decoded(-INFINITY), 0);
  EXPECT_EQ(rgb8_from_decoded(NAN), 0);
}

TEST(Rgb8, EveryValueIsWhatTheReferenceGives) {
  const auto decoded = at::linspace(-1.1, 1.1, 30'000, at::kFloat).view({3, 100, 100});
  const auto bytes = cpu().to_rgb8(decoded);
  const auto expected =
      ((decoded / 2 + 0.5).clamp(0, 1) * 255).round().to(at::kByte).permute({1, 2, 0}).contiguous();
  const auto *wanted = expected.data_ptr<uint8_t>();
  EXPECT_EQ(bytes, std::vector<uint8_t>(wanted, wanted + expected.numel()));
}

}  // namespace
}  // namespace runner::test
