#include "runner/text/unicode_tables.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>

namespace runner::unicode_tables {
namespace {

struct Range {
  char32_t first, last;
};

// Every `step`-th character of the range is `distance` away from its lower case.
struct LowerCase {
  char32_t first, last;
  uint32_t step;
  int32_t distance;
};

#include "runner/text/unicode_tables.inc"

template <class Entry, size_t size>
const Entry *find(const Entry (&table)[size], char32_t character) {
  const auto *const found =
      std::lower_bound(std::begin(table), std::end(table), character,
                       [](const Entry &entry, char32_t sought) { return entry.last < sought; });
  return found != std::end(table) && found->first <= character ? found : nullptr;
}

// A capital sigma that ends a word. "Ends" looks past what has no case of its own.
bool is_final(const std::u32string &text, size_t sigma) {
  size_t before = sigma;
  while (before > 0 && find(case_ignorable, text[before - 1]) != nullptr)
    --before;
  if (before == 0 || find(cased, text[before - 1]) == nullptr) return false;
  size_t after = sigma + 1;
  while (after < text.size() && find(case_ignorable, text[after]) != nullptr)
    ++after;
  return after == text.size() || find(cased, text[after]) == nullptr;
}

}  // namespace

const char *const version = unicode_version;

CharacterClass classify(char32_t character) {
  if (find(spaces, character) != nullptr) return CharacterClass::space;
  if (find(letters, character) != nullptr) return CharacterClass::letter;
  if (find(numbers, character) != nullptr) return CharacterClass::number;
  return CharacterClass::other;
}

std::u32string lower_case(const std::u32string &text) {
  constexpr char32_t dotted_i = 0x130;
  constexpr char32_t dot_above = 0x307;
  constexpr char32_t capital_sigma = 0x3a3;
  constexpr char32_t final_sigma = 0x3c2;
  std::u32string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size(); ++at) {
    const auto character = text[at];
    if (character == dotted_i) {
      out += U'i';
      out += dot_above;
    } else if (character == capital_sigma && is_final(text, at)) {
      out += final_sigma;
    } else {
      const auto *const entry = find(lower_cases, character);
      const bool changes = entry != nullptr && (character - entry->first) % entry->step == 0;
      out += changes ? character + static_cast<char32_t>(entry->distance) : character;
    }
  }
  return out;
}

char32_t fold_case(char32_t character) {
  constexpr char32_t long_s = 0x17f;
  constexpr char32_t kelvin = 0x212a;
  if (character >= U'A' && character <= U'Z') return character + (U'a' - U'A');
  if (character == long_s) return U's';
  return character == kelvin ? U'k' : character;
}

bool is_mark(char32_t character) { return find(marks, character) != nullptr; }

}  // namespace runner::unicode_tables
