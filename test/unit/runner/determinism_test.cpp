#include <gtest/gtest.h>

#include <ATen/Parallel.h>

#include "fixtures.hpp"

namespace runner::test {
namespace {

std::vector<uint8_t> picture_with(PictureRequest request, int threads) {
  at::set_num_threads(threads);
  std::vector<uint8_t> bytes;
  pipeline().generate(request, {}, [&](Picture &&picture) { bytes = picture.rgb; });
  at::set_num_threads(1);
  return bytes;
}

PictureRequest request_of(int64_t width, int64_t height, const char *negative) {
  PictureRequest request;
  request.prompt = "a yellow star at night";
  if (negative != nullptr) request.negative_prompt = negative;
  request.width = width;
  request.height = height;
  request.steps = 4;
  request.guidance = 4;
  request.seed = 5;
  return request;
}

class SameSeed : public testing::TestWithParam<std::tuple<int64_t, int64_t, const char *>> {
 protected:
  PictureRequest request_ = std::apply(request_of, GetParam());
};

TEST_P(SameSeed, GivesTheSameBytesAgain) {
  EXPECT_EQ(picture_with(request_, 1), picture_with(request_, 1));
}

TEST_P(SameSeed, GivesTheSameBytesWithAnyNumberOfThreads) {
  const auto alone = picture_with(request_, 1);
  for (const int threads : {2, 3, 4})
    EXPECT_EQ(picture_with(request_, threads), alone) << threads;
}

TEST_P(SameSeed, ADifferentSeedGivesAnotherPicture) {
  const auto first = picture_with(request_, 1);
  ++request_.seed;
  EXPECT_NE(picture_with(request_, 1), first);
}

INSTANTIATE_TEST_SUITE_P(Determinism, SameSeed,
                         testing::Values(std::tuple(64, 64, nullptr), std::tuple(64, 64, "blurry"),
                                         std::tuple(96, 64, nullptr), std::tuple(128, 128, "")));

}  // namespace
}  // namespace runner::test
