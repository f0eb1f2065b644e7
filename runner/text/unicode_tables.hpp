// The Unicode properties that CLIP's tokenizer is defined by, for where ICU is not linked. The
// tables are written by write_unicode_tables.cpp.
#pragma once

#include <string>

#include "runner/text/unicode.hpp"

namespace runner::unicode_tables {

// Characters that are younger than this version of Unicode are nothing in particular.
extern const char *const version;

CharacterClass classify(char32_t character);
std::u32string lower_case(const std::u32string &text);
// Where a letter of ASCII comes out; other characters stay what they are.
char32_t fold_case(char32_t character);
// Whether normalisation may have to move the character.
bool is_mark(char32_t character);

}  // namespace runner::unicode_tables
