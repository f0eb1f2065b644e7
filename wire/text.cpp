#include "wire/text.hpp"

#include <algorithm>

namespace wire {

namespace {

constexpr std::string_view replacement_character = "\xEF\xBF\xBD";

}  // namespace

std::size_t utf8_character_length(std::string_view text) noexcept {
  if (text.empty()) return 0;
  auto const at = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char const lead = at(0);
  if (lead < 0x80) return 1;
  std::size_t length = 0;
  unsigned char lowest_second = 0x80;
  unsigned char highest_second = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) lowest_second = 0xA0;   // no overlong forms
    if (lead == 0xED) highest_second = 0x9F;  // no surrogates
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) lowest_second = 0x90;
    if (lead == 0xF4) highest_second = 0x8F;  // nothing above U+10FFFF
  } else {
    return 0;
  }
  if (text.size() < length || at(1) < lowest_second || at(1) > highest_second) return 0;
  for (std::size_t i = 2; i < length; ++i)
    if ((at(i) & 0xC0) != 0x80) return 0;
  return length;
}

bool is_database_text(std::string_view text) noexcept {
  while (!text.empty()) {
    std::size_t const length = utf8_character_length(text);
    if (length == 0 || text.front() == '\0') return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string clean_text(std::string_view text, std::size_t max_bytes, Lines lines) {
  std::string clean;
  clean.reserve(std::min(text.size(), max_bytes));
  while (!text.empty()) {
    std::size_t length = utf8_character_length(text);
    std::string_view piece = text.substr(0, length);
    if (length == 0) {
      length = 1;
      piece = replacement_character;
    } else if (length == 1) {
      auto const byte = static_cast<unsigned char>(text.front());
      bool const kept_control = lines == Lines::many && (byte == '\n' || byte == '\t');
      if ((byte < 0x20 && !kept_control) || byte == 0x7F) piece = " ";
    }
    if (clean.size() + piece.size() > max_bytes) break;
    clean += piece;
    text.remove_prefix(length);
  }
  return clean;
}

}  // namespace wire
