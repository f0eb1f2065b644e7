#include "runner/text/unicode.hpp"

#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include <stdexcept>

namespace runner {
namespace {

std::u32string to_code_points(const icu::UnicodeString &text) {
  std::u32string out;
  out.reserve(static_cast<size_t>(text.length()));
  for (int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1)) {
    out.push_back(static_cast<char32_t>(text.char32At(i)));
  }
  return out;
}

}  // namespace

CharacterClass classify(char32_t character) {
  const auto code = static_cast<UChar32>(character);
  // U+001C..U+001F separate lines and units; Python's white space, by which CLIP is defined,
  // includes them.
  if (u_isUWhiteSpace(code) || (code >= 0x1c && code <= 0x1f)) return CharacterClass::space;
  const auto mask = U_MASK(u_charType(code));
  if (mask & U_GC_L_MASK) return CharacterClass::letter;
  if (mask & U_GC_N_MASK) return CharacterClass::number;
  return CharacterClass::other;
}

std::u32string compose(std::string_view utf8) {
  UErrorCode status = U_ZERO_ERROR;
  const auto *nfc = icu::Normalizer2::getNFCInstance(status);
  const auto text = icu::UnicodeString::fromUTF8(
      icu::StringPiece(utf8.data(), static_cast<int32_t>(utf8.size())));
  const auto composed = U_SUCCESS(status) ? nfc->normalize(text, status) : icu::UnicodeString();
  if (U_FAILURE(status)) throw std::runtime_error(u_errorName(status));
  return to_code_points(composed);
}

std::u32string lower_case(const std::u32string &text) {
  auto copy = icu::UnicodeString::fromUTF32(reinterpret_cast<const UChar32 *>(text.data()),
                                            static_cast<int32_t>(text.size()));
  return to_code_points(copy.toLower(icu::Locale::getRoot()));
}

char32_t fold_case(char32_t character) {
  return static_cast<char32_t>(u_foldCase(static_cast<UChar32>(character), U_FOLD_CASE_DEFAULT));
}

bool is_valid_utf8(std::string_view text) {
  const auto length = static_cast<int32_t>(text.size());
  for (int32_t i = 0; i < length;) {
    UChar32 code = 0;
    U8_NEXT(text.data(), i, length, code);
    if (code < 0) return false;
  }
  return true;
}

}  // namespace runner
