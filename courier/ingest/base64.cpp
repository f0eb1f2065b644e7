#include "courier/ingest/base64.hpp"

#include <algorithm>
#include <array>

namespace courier::ingest {

namespace {

constexpr std::int8_t not_a_digit = -1;

constexpr std::array<std::int8_t, 256> digit_values = [] {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<std::int8_t, 256> values{};
  values.fill(not_a_digit);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  return values;
}();

}  // namespace

void Base64Decoder::fail(const char *why, std::size_t position) const {
  throw Base64Error(std::string(why) + " at character " + std::to_string(consumed_ + position));
}

void Base64Decoder::decode(std::string_view text, std::string &out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '=') {
      ++padding_;
      if (digits_ < 2 || digits_ + padding_ > 4) fail("misplaced padding", i);
      continue;
    }
    std::int8_t const value = digit_values[static_cast<unsigned char>(text[i])];
    if (value == not_a_digit) fail("not a base64 digit", i);
    if (padding_ > 0) fail("text after the padding", i);
    group_ = (group_ << 6) | static_cast<std::uint32_t>(value);
    if (++digits_ < 4) continue;
    out += static_cast<char>(group_ >> 16);
    out += static_cast<char>((group_ >> 8) & 0xFF);
    out += static_cast<char>(group_ & 0xFF);
    group_ = 0;
    digits_ = 0;
  }
  consumed_ += text.size();
  if (digits_ > 0 && digits_ + padding_ == 4) end_group(out);
}

void Base64Decoder::end_group(std::string &out) {
  std::uint32_t const stray_bits = digits_ == 2 ? group_ & 0xF : group_ & 0x3;
  if (stray_bits != 0) fail("stray bits before the padding", 0);
  if (digits_ == 2) {
    out += static_cast<char>((group_ >> 4) & 0xFF);
  } else {
    out += static_cast<char>((group_ >> 10) & 0xFF);
    out += static_cast<char>((group_ >> 2) & 0xFF);
  }
  group_ = 0;
  digits_ = 0;
}

void Base64Decoder::finish() const {
  if (digits_ != 0) fail("the text ends inside a group", 0);
}

std::string to_base64(std::string_view bytes) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  constexpr std::size_t group_bytes = 3;
  std::string text;
  text.reserve((bytes.size() + 2) / group_bytes * 4);
  for (std::size_t at = 0; at < bytes.size(); at += group_bytes) {
    std::size_t const count = std::min(group_bytes, bytes.size() - at);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < group_bytes; ++i)
      group = group << 8 | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    for (std::size_t digit = 0; digit < 4; ++digit)
      text += digit <= count ? alphabet[group >> (18 - 6 * digit) & 0x3F] : '=';
  }
  return text;
}

}  // namespace courier::ingest
