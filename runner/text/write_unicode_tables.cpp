// Writes unicode_tables.inc from ICU:
//
//   ninja write-unicode-tables && write-unicode-tables > runner/text/unicode_tables.inc
#include <unicode/uchar.h>
#include <unicode/uversion.h>

#include <cstdint>
#include <cstdio>
#include <vector>

#include "runner/text/unicode.hpp"

namespace {

constexpr UChar32 end = 0x110000;

template <class Property>
void write_ranges(const char *name, Property has) {
  std::printf("constexpr Range %s[] = {\n", name);
  for (UChar32 first = 0; first < end; ++first) {
    if (!has(first)) continue;
    UChar32 last = first;
    while (last + 1 < end && has(last + 1))
      ++last;
    std::printf("{0x%x, 0x%x},\n", static_cast<unsigned>(first), static_cast<unsigned>(last));
    first = last;
  }
  std::printf("};\n\n");
}

void write_lower_cases() {
  struct Change {
    UChar32 from;
    int32_t distance;
  };
  std::vector<Change> changes;
  for (UChar32 code = 0; code < end; ++code) {
    if (u_tolower(code) != code) changes.push_back({code, u_tolower(code) - code});
  }
  std::printf("constexpr LowerCase lower_cases[] = {\n");
  for (size_t first = 0, last = 0; first < changes.size(); first = last + 1) {
    last = first;
    int32_t step = 1;
    while (last + 1 < changes.size() && changes[last + 1].distance == changes[first].distance) {
      const auto gap = changes[last + 1].from - changes[last].from;
      if (last == first ? gap > 2 : gap != step) break;
      step = gap;
      ++last;
    }
    std::printf("{0x%x, 0x%x, %d, %d},\n", static_cast<unsigned>(changes[first].from),
                static_cast<unsigned>(changes[last].from), step, changes[first].distance);
  }
  std::printf("};\n");
}

}  // namespace

int main() {
  using runner::CharacterClass;
  using runner::classify;
  UVersionInfo version;
  char version_text[U_MAX_VERSION_STRING_LENGTH];
  u_getUnicodeVersion(version);
  u_versionToString(version, version_text);
  std::printf("// Written by write_unicode_tables.cpp.\n// clang-format off\n\n");
  std::printf("constexpr const char *unicode_version = \"%s\";\n\n", version_text);
  const auto is = [](CharacterClass kind) {
    return [kind](UChar32 code) { return classify(static_cast<char32_t>(code)) == kind; };
  };
  write_ranges("spaces", is(CharacterClass::space));
  write_ranges("letters", is(CharacterClass::letter));
  write_ranges("numbers", is(CharacterClass::number));
  write_ranges("marks", [](UChar32 code) { return (U_MASK(u_charType(code)) & U_GC_M_MASK) != 0; });
  write_ranges("cased", [](UChar32 code) {
    return u_hasBinaryProperty(code, UCHAR_CASED) &&
           !u_hasBinaryProperty(code, UCHAR_CASE_IGNORABLE);
  });
  write_ranges("case_ignorable",
               [](UChar32 code) { return u_hasBinaryProperty(code, UCHAR_CASE_IGNORABLE) != 0; });
  write_lower_cases();
}
