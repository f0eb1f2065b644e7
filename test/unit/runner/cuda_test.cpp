// The GPU against its CPU twin. Skipped where no GPU is.
#include <gtest/gtest.h>

#include <cstring>

#include "fixtures.hpp"
#include "runner/device/cuda_device.hpp"

namespace runner::test {
namespace {

class Cuda : public testing::Test {
 protected:
  void SetUp() override {
    if (cuda_device_count() == 0) GTEST_SKIP() << "no CUDA device";
    device_ = open_device({"cuda:0", 0});
    device_->enter_thread();
  }
  std::unique_ptr<Device> device_;
};

TEST_F(Cuda, GivesTheSameBytesAsTheProcessor) {
  // Every bit pattern of the upper half of a float: not-a-numbers, infinities and denormals are
  // among them.
  auto decoded = at::empty({3, 256, 256}, at::kFloat);
  auto *values = decoded.data_ptr<float>();
  for (uint32_t i = 0; i < 3 * 256 * 256; ++i) {
    const uint32_t bits = i < 65536 ? i << 16 : 0;
    std::memcpy(values + i, &bits, sizeof bits);
  }
  decoded.slice(0, 1).copy_(at::linspace(-1.1, 1.1, 131072, at::kFloat).view({2, 256, 256}));
  EXPECT_EQ(device_->to_rgb8(decoded.to(at::kCUDA)), cpu().to_rgb8(decoded));
}

TEST_F(Cuda, ReportsItsMemory) {
  const auto before = device_->status();
  EXPECT_EQ(before.id, "cuda:0");
  EXPECT_FALSE(before.name.empty());
  const auto kept = at::empty({64 << 20}, at::TensorOptions(at::kFloat).device(at::kCUDA));
  const auto after = device_->status();
  EXPECT_GE(after.memory_used_bytes, before.memory_used_bytes + (256U << 20));
  EXPECT_LT(after.memory_free_bytes, before.memory_total_bytes);
}

TEST_F(Cuda, MakesTheReferencePictures) {
  const Pipeline on_gpu(model_folder, "", *device_);
  for (const auto &described : golden_index().at("cases")) {
    const auto request = golden_request(described);
    const Golden golden(golden_folder / described.at("file").get<std::string>());
    const auto expected = golden["image"].select(0, 0);
    std::vector<std::vector<uint8_t>> pictures;
    for (int i = 0; i < 2; ++i) {
      on_gpu.generate(request, {}, [&](Picture &&picture) { pictures.push_back(picture.rgb); });
    }
    EXPECT_EQ(pictures[0], pictures[1]) << "the same seed must give the same bytes";
    const auto made = at::tensor(at::ArrayRef<uint8_t>(pictures[0]), at::kByte)
                          .view({request.height, request.width, 3})
                          .permute({2, 0, 1})
                          .to(at::kFloat)
                          .div(255);
    EXPECT_LE((made - expected).abs().max().item<double>(), 1.5 / 255);
  }
}

}  // namespace
}  // namespace runner::test
