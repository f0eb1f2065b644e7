// What needs no tables of Unicode's own, whichever library stands behind unicode.hpp.
#include "runner/text/unicode.hpp"

namespace runner {

std::u32string collapse_spaces(const std::u32string &text) {
  std::u32string out;
  out.reserve(text.size());
  for (const char32_t character : text) {
    if (classify(character) != CharacterClass::space) {
      out.push_back(character);
    } else if (!out.empty() && out.back() != U' ') {
      out.push_back(U' ');
    }
  }
  if (!out.empty() && out.back() == U' ') out.pop_back();
  return out;
}

void append_utf8(char32_t character, std::string &out) {
  const auto tail = [&](int shift) {
    out += static_cast<char>(0x80 | (character >> shift & 0x3f));
  };
  if (character < 0x80) {
    out += static_cast<char>(character);
  } else if (character < 0x800) {
    out += static_cast<char>(0xc0 | character >> 6);
    tail(0);
  } else if (character < 0x10000) {
    out += static_cast<char>(0xe0 | character >> 12);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xf0 | character >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

}  // namespace runner
