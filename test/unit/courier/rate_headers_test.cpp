// rate_headers_test.cpp -- how many more requests a server takes, in all the forms it may say so.
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>

#include "courier/rate_headers.hpp"

namespace {

using courier::parse_milliseconds;
using courier::parse_reset;

constexpr std::int64_t now_us = 1'800'000'000'000'000;  // 2027-01-15T08:00:00Z

wire::RateLimit parse(const std::map<std::string, std::string> &headers) {
  return courier::parse_rate_headers(
      [&](const char *name) -> std::optional<std::string> {
        auto const found = headers.find(name);
        if (found == headers.end()) return std::nullopt;
        return found->second;
      },
      now_us);
}

void expect(const std::map<std::string, std::string> &headers, std::uint32_t remaining,
            std::uint32_t reset_ms) {
  wire::RateLimit const rate = parse(headers);
  EXPECT_EQ(rate.remaining, remaining);
  EXPECT_EQ(rate.reset_ms, reset_ms);
}

TEST(RateHeaders, are_read_in_all_their_forms) {
  expect({{"x-ratelimit-remaining-requests", "59"}, {"x-ratelimit-reset-requests", "6m0s"}}, 59,
         360000);
  expect({{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", "30"}}, 0, 30000);
  expect({{"ratelimit-remaining", " 7 "}, {"ratelimit-reset", "0.25"}}, 7, 250);
  expect({{"ratelimit", "limit=100, remaining=50, reset=5"}}, 50, 5000);
  expect({{"ratelimit", R"("default";r=50;t=30)"}}, 50, 30000);
}

TEST(RateHeaders, of_several_policies_the_tightest_counts) {
  expect({{"ratelimit", R"("burst";r=3;t=2, "day";r=1;t=3600, "hour";r=9;t=60)"}}, 1, 3600000);
  expect({{"ratelimit", R"("burst";r=3;t=2, "day";r=1)"}}, 3, 2000);
}

TEST(RateHeaders, of_several_headers_the_one_about_requests_counts) {
  expect({{"x-ratelimit-remaining-requests", "5"},
          {"x-ratelimit-reset-requests", "1s"},
          {"x-ratelimit-remaining", "4"},
          {"x-ratelimit-reset", "2"}},
         5, 1000);
  expect({{"x-ratelimit-remaining-requests", "many"},
          {"x-ratelimit-reset-requests", "1s"},
          {"ratelimit-remaining", "4"},
          {"ratelimit-reset", "2"}},
         4, 2000);
}

TEST(RateHeaders, that_make_no_sense_are_as_if_they_were_not_there) {
  expect({}, 0, 0);
  expect({{"x-ratelimit-remaining", "5"}}, 0, 0);
  expect({{"x-ratelimit-reset", "5"}}, 0, 0);
  for (const char *const count :
       {"", "-1", "5.5", "5 requests", "0x5", "99999999999999999999", "unlimited", "+1"})
    expect({{"x-ratelimit-remaining", count}, {"x-ratelimit-reset", "5"}}, 0, 0);
  for (const char *const policies :
       {"", ",,,", ";;;", "=", "r", "r=;t=", "\"a\";r=1", "\"a\";t=1", "remaining=1", "\xff\xfe"})
    expect({{"ratelimit", policies}}, 0, 0);
}

TEST(Reset, is_a_number_of_seconds_a_duration_a_time_or_a_date) {
  EXPECT_EQ(parse_reset("1", now_us), 1000U);
  EXPECT_EQ(parse_reset("0.0001", now_us), 1U);
  EXPECT_EQ(parse_reset("1m30s", now_us), 90000U);
  EXPECT_EQ(parse_reset("1h0m0s", now_us), 3600000U);
  EXPECT_EQ(parse_reset("120ms", now_us), 120U);
  EXPECT_EQ(parse_reset("1m30.5s", now_us), 90500U);
  EXPECT_EQ(parse_reset("1s500ms", now_us), 1500U);
  EXPECT_EQ(parse_reset("1\u00B5s", now_us), 1U);
  EXPECT_EQ(parse_reset("1800000060", now_us), 60000U);
  EXPECT_EQ(parse_reset("1800000060500", now_us), 60500U);
  EXPECT_EQ(parse_reset("Fri, 15 Jan 2027 08:01:00 GMT", now_us), 60000U);
  EXPECT_EQ(parse_reset("2027-01-15T08:01:00Z", now_us), 60000U);
  EXPECT_EQ(parse_reset("2027-01-15T08:01:00.123Z", now_us), 60000U);
}

TEST(Reset, that_is_past_too_far_away_or_nonsense_is_none) {
  for (const char *const text : {"",
                                 " ",
                                 "0",
                                 "-5",
                                 "0s",
                                 "1799999999",
                                 "2d",
                                 "86401",
                                 "1e3",
                                 "1e308s",
                                 "inf",
                                 "nan",
                                 "s",
                                 "5x",
                                 "5 s",
                                 "m5",
                                 "1m30",
                                 "99999999999999999999999999999999",
                                 "1900000000000",
                                 "Fri, 15 Jan 2027 07:59:00 GMT",
                                 "2027-01-15T08:01:00",
                                 "tomorrow",
                                 "\xff\xff",
                                 "1m1m1m1m1m1m1m1m1m1m1m1m1m1x"})
    EXPECT_EQ(parse_reset(text, now_us), std::nullopt) << text;
}

TEST(RetryAfterMs, is_a_number_of_milliseconds) {
  EXPECT_EQ(parse_milliseconds("250"), 250U);
  EXPECT_EQ(parse_milliseconds(" 0.5 "), 1U);
  EXPECT_EQ(parse_milliseconds("9e99"), std::nullopt);
  EXPECT_EQ(parse_milliseconds("999999999999"), 86400000U);
  for (const char *const text : {"", "0", "-1", "1s", "soon"})
    EXPECT_EQ(parse_milliseconds(text), std::nullopt) << text;
}

}  // namespace
