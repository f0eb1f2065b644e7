// Claims decide who a caller is: anything odd must belong to nobody.
#include "src/functions/claims.hpp"

#include <gtest/gtest.h>

namespace {

TEST(Claims, ReadsTheThreeThatPoliciesUse) {
  auto const got = claims::parse(
      R"({"sub":"0190b6c0-0000-7000-8000-000000000001","role":"authenticated","email":"a@b.c"})");
  EXPECT_TRUE(got.valid);
  EXPECT_EQ(got.sub, "0190b6c0-0000-7000-8000-000000000001");
  EXPECT_EQ(got.role, "authenticated");
  EXPECT_EQ(got.email, "a@b.c");
}

TEST(Claims, ThatAreAbsentOrNotTextAreNobodys) {
  auto const got = claims::parse(R"({"sub":7,"role":null,"email":["a@b.c"]})");
  EXPECT_TRUE(got.valid);
  EXPECT_FALSE(got.sub);
  EXPECT_FALSE(got.role);
  EXPECT_FALSE(got.email);
}

TEST(Claims, MalformedTextIsNobody) {
  for (const char *text :
       {"", " ", "{", "null", "[]", "\"sub\"", "{\"sub\":}", "{'sub':'x'}", "{\"sub\":\"x\"} extra",
        "{\"sub\":\"\xff\"}", "{\"n\":1e999999}"}) {
    auto const got = claims::parse(text);
    EXPECT_FALSE(got.valid) << text;
    EXPECT_FALSE(got.sub) << text;
  }
}

TEST(Claims, TheDatabaseCouldNotStoreAreNobodys) {
  EXPECT_FALSE(claims::parse(R"({"sub":"a\u0000b"})").valid);
  EXPECT_FALSE(claims::parse(R"({"a\u0000":1,"sub":"b"})").valid);
}

TEST(Claims, NestedWithoutEndAreNobodys) {
  std::string deep = R"({"sub":"x","a":)";
  deep += std::string(100000, '[') + std::string(100000, ']') + "}";
  EXPECT_FALSE(claims::parse(deep).valid);
  EXPECT_FALSE(claims::parse(std::string(1000000, '[')).valid);
}

TEST(Claims, OfARepeatedKeyTheLastWins) {
  EXPECT_EQ(claims::parse(R"({"sub":"a","sub":"b"})").sub, "b");
}

TEST(IsUuid, TakesTheCanonicalFormOnly) {
  EXPECT_TRUE(claims::is_uuid("0190b6c0-0000-7000-8000-00000000000A"));
  EXPECT_FALSE(claims::is_uuid(""));
  EXPECT_FALSE(claims::is_uuid("{190b6c0-0000-7000-8000-00000000000}"));
  EXPECT_FALSE(claims::is_uuid("0190b6c00000700080000000000000001"));
  EXPECT_FALSE(claims::is_uuid("0190b6c0-0000-7000-8000-00000000000g"));
  EXPECT_FALSE(claims::is_uuid("0190b6c0-0000-7000-8000-0000000000011"));
}

}  // namespace
