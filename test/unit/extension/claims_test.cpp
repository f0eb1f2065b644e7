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
        "{\"sub\":\"\xff\"}", "{\"n\":1e999999}", "\xEF\xBB\xBF{}"}) {
    auto const got = claims::parse(text);
    EXPECT_FALSE(got.valid) << text;
    EXPECT_FALSE(got.sub) << text;
  }
}

TEST(Claims, TheDatabaseCouldNotStoreAreNobodys) {
  EXPECT_FALSE(claims::parse(R"({"sub":"a\u0000b"})").valid);
  EXPECT_FALSE(claims::parse(R"({"a\u0000":1,"sub":"b"})").valid);
  for (const char *number : {"1e-20000", "-1E-20000", "1e20000", "0e-20000", "0e-9999999999"})
    EXPECT_FALSE(claims::parse(std::string(R"({"sub":"b","n":)") + number + "}").valid) << number;
  EXPECT_FALSE(claims::parse(R"({"sub":"b","n":0.)" + std::string(20000, '0') + "1}").valid);
  EXPECT_FALSE(claims::parse(R"({"sub":"b","n":)" + std::string(200000, '9') + "}").valid);
  EXPECT_TRUE(claims::parse(R"({"sub":"b","n":[1.5e-300,1700000000,-0.25,1e+300]})").valid);
}

TEST(Claims, CountInTheOutermostObjectOnly) {
  auto const got =
      claims::parse(R"({"a":{"sub":"b","role":"c"},"d":[{"email":"e"}],"sub":{"sub":"b"}})");
  EXPECT_TRUE(got.valid);
  EXPECT_FALSE(got.sub);
  EXPECT_FALSE(got.role);
  EXPECT_FALSE(got.email);
}

TEST(Claims, NestedWithoutEndAreNobodys) {
  std::string deep = R"({"sub":"x","a":)";
  deep += std::string(100000, '[') + std::string(100000, ']') + "}";
  EXPECT_FALSE(claims::parse(deep).valid);
  EXPECT_FALSE(claims::parse(std::string(1000000, '[')).valid);
}

TEST(Claims, OfARepeatedKeyTheLastWins) {
  EXPECT_EQ(claims::parse(R"({"sub":"a","sub":"b"})").sub, "b");
  EXPECT_FALSE(claims::parse(R"({"sub":"a","sub":7})").sub);
  EXPECT_FALSE(claims::parse(R"({"sub":"a","\u0073ub":["b"]})").sub);
}

TEST(UuidOf, ReadsTheCanonicalFormInAnyLetterCase) {
  claims::Uuid const expected = {0x01, 0x90, 0xb6, 0xc0, 0,    0x12, 0x70, 0,
                                 0x80, 0,    0,    0,    0xab, 0xcd, 0xef, 0x0a};
  EXPECT_EQ(claims::uuid_of("0190b6c0-0012-7000-8000-0000abcdef0a"), expected);
  EXPECT_EQ(claims::uuid_of("0190B6C0-0012-7000-8000-0000ABCDEF0A"), expected);
}

TEST(UuidOf, ReadsNothingElse) {
  for (const char *text :
       {"", "0190b6c0-0000-7000-8000-00000000000g", "0190b6c0-0000-7000-8000-0000000000011",
        "0190b6c0-0000-7000-8000-00000000000", "{190b6c0-0000-7000-8000-00000000000}",
        "0190b6c00000700080000000000000001", "0190b6c0+0000-7000-8000-000000000001",
        "-190b6c0-0000-7000-8000-000000000001", "0190b6c0-0000-7000-80000-00000000001",
        "0190b6c0-0000-7000-8000-00000000000\n"})
    EXPECT_FALSE(claims::uuid_of(text)) << text;
}

}  // namespace
