// runner/text/unicode.hpp without ICU: normalisation is PostgreSQL's, the rest comes from tables.
#include "runner/text/unicode.hpp"

#include "runner/text/unicode_tables.hpp"
#include "src/pg/boundary.hpp"

extern "C" {
#include "common/unicode_norm.h"
}

namespace runner {

CharacterClass classify(char32_t character) { return unicode_tables::classify(character); }

std::u32string compose(std::string_view utf8) {
  std::u32string characters;
  characters.reserve(utf8.size() + 1);
  for (size_t at = 0; at < utf8.size();) {
    const auto *const bytes = reinterpret_cast<const unsigned char *>(utf8.data()) + at;
    characters += static_cast<char32_t>(utf8_to_unicode(bytes));
    at += static_cast<size_t>(pg_utf_mblen(bytes));
  }
  static_assert(sizeof(pg_wchar) == sizeof(char32_t));
  const auto *const input = reinterpret_cast<const pg_wchar *>(characters.c_str());
  const pg_wchar *const composed = pg::call([&] {
    return const_cast<const pg_wchar *>(
        unicode_normalize(UNICODE_NFC, const_cast<pg_wchar *>(input)));
  });
  characters = reinterpret_cast<const char32_t *>(composed);
  pg::call([&] { pfree(const_cast<pg_wchar *>(composed)); });
  return characters;
}

std::u32string lower_case(const std::u32string &text) { return unicode_tables::lower_case(text); }

char32_t fold_case(char32_t character) { return unicode_tables::fold_case(character); }

}  // namespace runner
