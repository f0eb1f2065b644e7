#include "runner/pull/back_off.hpp"

#include <gtest/gtest.h>

#include <set>

namespace runner::pull::test {
namespace {

using std::chrono::milliseconds;

TEST(BackOff, DoublesUpToItsBoundAtRandom) {
  const Pace pace;
  std::set<milliseconds> first_pauses;
  for (int i = 0; i < 100; ++i) {
    BackOff back_off(pace);
    auto bound = pace.first_pause;
    for (int failures = 0; failures < 40; ++failures) {
      const auto pause = back_off.next();
      EXPECT_GE(pause, bound / 2);
      EXPECT_LE(pause, bound);
      if (failures == 0) first_pauses.insert(pause);
      bound = std::min(pace.longest_pause, 2 * bound);
    }
  }
  EXPECT_GT(first_pauses.size(), 20U);
}

TEST(BackOff, StartsAnewAfterASuccess) {
  const Pace pace;
  BackOff back_off(pace);
  EXPECT_FALSE(back_off.is_failing());
  for (int i = 0; i < 10; ++i)
    back_off.next();
  EXPECT_TRUE(back_off.is_failing());
  back_off.succeeded();
  EXPECT_FALSE(back_off.is_failing());
  EXPECT_LE(back_off.next(), pace.first_pause);
}

TEST(BackOff, WaitsAsLongAsItWasAskedTo) {
  BackOff back_off{Pace()};
  const auto pause = back_off.next(std::chrono::seconds(90));
  EXPECT_GE(pause, std::chrono::seconds(90));
  EXPECT_LE(pause, std::chrono::seconds(180));
}

TEST(Jitter, IsBetweenTheTimeAndTwiceThat) {
  std::set<milliseconds> seen;
  for (int i = 0; i < 1000; ++i)
    seen.insert(with_jitter(milliseconds(100)));
  EXPECT_GE(*seen.begin(), milliseconds(100));
  EXPECT_LE(*seen.rbegin(), milliseconds(200));
  EXPECT_GT(seen.size(), 50U);
}

}  // namespace
}  // namespace runner::pull::test
