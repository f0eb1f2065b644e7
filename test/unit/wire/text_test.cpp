#include "wire/text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace std::string_literals;
using wire::clean_text;
using wire::Lines;

TEST(Utf8, knows_the_length_of_every_form) {
  EXPECT_EQ(wire::utf8_character_length("a"), 1U);
  EXPECT_EQ(wire::utf8_character_length("\xC3\xA4"), 2U);
  EXPECT_EQ(wire::utf8_character_length("\xE2\x82\xAC"), 3U);
  EXPECT_EQ(wire::utf8_character_length("\xF0\x9F\x8E\xA8"), 4U);
}

TEST(Utf8, refuses_overlong_forms_surrogates_and_what_lies_beyond_unicode) {
  for (const auto &bytes :
       {"\xC0\x80"s, "\xC1\xBF"s, "\xE0\x9F\xBF"s, "\xED\xA0\x80"s, "\xF0\x8F\xBF\xBF"s,
        "\xF4\x90\x80\x80"s, "\xF5\x80\x80\x80"s, "\x80"s, "\xFF"s, "\xC3"s, "\xE2\x82"s, ""s})
    EXPECT_EQ(wire::utf8_character_length(bytes), 0U) << testing::PrintToString(bytes);
}

TEST(DatabaseText, is_utf8_without_nul) {
  EXPECT_TRUE(wire::is_database_text(""));
  EXPECT_TRUE(wire::is_database_text("gr\xC3\xBC\xC3\x9F"));
  EXPECT_FALSE(wire::is_database_text("a\0b"s));
  EXPECT_FALSE(wire::is_database_text("a\xFF"));
}

TEST(CleanText, replaces_what_is_not_utf8) {
  EXPECT_EQ(clean_text("a\xFFz", 100, Lines::one), "a\xEF\xBF\xBDz");
}

TEST(CleanText, makes_one_line_of_many) {
  EXPECT_EQ(clean_text("a\r\nb\tc\0d\x7F"s, 100, Lines::one), "a  b c d ");
  EXPECT_EQ(clean_text("a\nb\tc\0"s, 100, Lines::many), "a\nb\tc ");
}

TEST(CleanText, cuts_between_characters) {
  EXPECT_EQ(clean_text("ab\xE2\x82\xAC", 4, Lines::one), "ab");
  EXPECT_EQ(clean_text("ab\xE2\x82\xAC", 5, Lines::one), "ab\xE2\x82\xAC");
  EXPECT_EQ(clean_text("\xFF\xFF", 5, Lines::one), "\xEF\xBF\xBD");
}

}  // namespace
