#include "runner/text/unicode_tables.hpp"

#include <gtest/gtest.h>
#include <unicode/uchar.h>

#include "runner/text/unicode.hpp"

namespace runner::test {
namespace {

// An ICU that is newer than the tables knows characters that they do not.
template <class Check>
void for_every_character(Check check) {
  UVersionInfo known;
  u_versionFromString(known, unicode_tables::version);
  int characters = 0;
  for (UChar32 code = 0; code < 0x110000; ++code) {
    UVersionInfo age;
    u_charAge(code, age);
    const bool surrogate = code >= 0xd800 && code < 0xe000;
    const bool assigned = age[0] != 0;
    if (surrogate || !assigned || memcmp(age, known, sizeof known) > 0) continue;
    ++characters;
    check(static_cast<char32_t>(code));
  }
  EXPECT_GT(characters, 280'000);
}

TEST(UnicodeTables, ClassesAreThoseOfIcu) {
  for_every_character([](char32_t character) {
    ASSERT_EQ(unicode_tables::classify(character), classify(character)) << uint32_t{character};
  });
}

TEST(UnicodeTables, MarksAreThoseOfIcu) {
  for_every_character([](char32_t character) {
    const bool mark = (U_MASK(u_charType(static_cast<UChar32>(character))) & U_GC_M_MASK) != 0;
    ASSERT_EQ(unicode_tables::is_mark(character), mark) << uint32_t{character};
  });
}

// Beside a sigma, too, which is another letter at the end of a word.
TEST(UnicodeTables, LowerCaseIsThatOfIcu) {
  for_every_character([](char32_t character) {
    for (const auto &text :
         {std::u32string{character}, std::u32string{U'a', character, U'Σ'},
          std::u32string{U'a', U'Σ', character}, std::u32string{U'a', U'Σ', character, U'b'},
          std::u32string{character, U'Σ'}}) {
      ASSERT_EQ(unicode_tables::lower_case(text), lower_case(text)) << uint32_t{character};
    }
  });
}

TEST(UnicodeTables, LettersOfAsciiComeOutOfTheSameFolding) {
  for_every_character([](char32_t character) {
    const auto folded = fold_case(character);
    ASSERT_EQ(unicode_tables::fold_case(character) < 0x80, folded < 0x80) << uint32_t{character};
    if (folded < 0x80) {
      ASSERT_EQ(unicode_tables::fold_case(character), folded);
    }
  });
}

}  // namespace
}  // namespace runner::test
