// The Unicode operations CLIP's tokenizer is defined by: in the runner on top of ICU, in the
// extension (src/tokenizers/unicode.cpp) on top of PostgreSQL and tables of our own.
#pragma once

#include <string>
#include <string_view>

namespace runner {

enum class CharacterClass { space, letter, number, other };

CharacterClass classify(char32_t character);

// Canonical composition (NFC). The input must be valid UTF-8.
std::u32string compose(std::string_view utf8);

// Every run of white space becomes one space; none is left at the ends.
std::u32string collapse_spaces(const std::u32string &text);

// Full lower-casing without a locale: one character may become several.
std::u32string lower_case(const std::u32string &text);

char32_t fold_case(char32_t character);

void append_utf8(char32_t character, std::string &out);

bool is_valid_utf8(std::string_view text);

}  // namespace runner
