// tokenizer_text.cpp -- keys and strings: escapes, UTF-8, and pieces that end anywhere.
#include <array>

#include "courier/json/tokenizer.hpp"
#include "wire/text.hpp"

namespace courier::json {

namespace {

// ASCII that stands for itself inside a string.
constexpr std::array<bool, 256> plain_bytes = [] {
  std::array<bool, 256> plain{};
  for (std::size_t byte = 0x20; byte < 0x80; ++byte)
    plain[byte] = byte != '"' && byte != '\\';
  return plain;
}();

bool is_plain(char byte) noexcept { return plain_bytes[static_cast<unsigned char>(byte)]; }

bool is_ascii(char byte) noexcept { return static_cast<unsigned char>(byte) < 0x80; }

std::size_t character_length_by_lead(char byte) noexcept {
  auto const lead = static_cast<unsigned char>(byte);
  if (lead >= 0xF0) return 4;
  return lead >= 0xE0 ? 3 : 2;
}

}  // namespace

void Tokenizer::begin_text(bool is_key) {
  inside_ = Inside::string;
  is_key_ = is_key;
  if (is_key)
    key_.clear();
  else
    events_.begin_string();
}

void Tokenizer::text(std::string_view piece) {
  if (!is_key_) return events_.string_piece(piece);
  if (key_.size() + piece.size() > max_key_bytes) fail("a key is too long");
  key_ += piece;
}

void Tokenizer::end_text() {
  if (is_key_) {
    inside_ = Inside::nothing;
    expect_ = Expect::colon;
    events_.key(key_);
  } else {
    end_value();
    events_.end_string();
  }
}

std::string_view Tokenizer::feed_string(std::string_view bytes) {
  std::size_t run = 0;
  while (run < bytes.size() && high_surrogate_ == 0) {
    if (is_plain(bytes[run])) {
      ++run;
      continue;
    }
    std::size_t const length =
        is_ascii(bytes[run]) ? 0 : wire::utf8_character_length(bytes.substr(run));
    if (length == 0) break;
    run += length;
  }
  if (run > 0) text(bytes.substr(0, run));
  bytes.remove_prefix(run);
  if (bytes.empty()) return bytes;

  char const byte = bytes.front();
  if (high_surrogate_ != 0 && byte != '\\') fail("half of a surrogate pair");
  if (byte == '"') {
    end_text();
  } else if (byte == '\\') {
    inside_ = Inside::escape;
  } else if (!is_ascii(byte)) {
    // Broken, or cut by the end of this piece: collect it byte by byte to find out.
    scratch_.assign(1, byte);
    inside_ = Inside::character;
  } else {
    fail("a control character in a string");
  }
  return bytes.substr(1);
}

void Tokenizer::feed_character(char byte) {
  scratch_ += byte;
  if (scratch_.size() < character_length_by_lead(scratch_.front())) return;
  if (wire::utf8_character_length(scratch_) != scratch_.size()) fail("invalid UTF-8");
  inside_ = Inside::string;
  text(scratch_);
}

void Tokenizer::feed_escape(char byte) {
  if (high_surrogate_ != 0 && byte != 'u') fail("half of a surrogate pair");
  static constexpr std::string_view names = "\"\\/bfnrt";
  static constexpr std::string_view values = "\"\\/\b\f\n\r\t";
  if (byte == 'u') {
    unicode_ = 0;
    unicode_digits_ = 0;
    inside_ = Inside::unicode;
    return;
  }
  std::size_t const which = names.find(byte);
  if (which == std::string_view::npos) fail("an unknown escape");
  inside_ = Inside::string;
  text(values.substr(which, 1));
}

void Tokenizer::feed_unicode(char byte) {
  std::uint32_t digit = 0;
  if (byte >= '0' && byte <= '9')
    digit = static_cast<std::uint32_t>(byte - '0');
  else if (byte >= 'a' && byte <= 'f')
    digit = static_cast<std::uint32_t>(byte - 'a' + 10);
  else if (byte >= 'A' && byte <= 'F')
    digit = static_cast<std::uint32_t>(byte - 'A' + 10);
  else
    fail("expected a hexadecimal digit");
  unicode_ = unicode_ * 16 + digit;
  if (++unicode_digits_ < 4) return;

  inside_ = Inside::string;
  bool const is_high = unicode_ >= 0xD800 && unicode_ <= 0xDBFF;
  bool const is_low = unicode_ >= 0xDC00 && unicode_ <= 0xDFFF;
  if (is_low != (high_surrogate_ != 0)) fail("half of a surrogate pair");
  if (is_high) {
    high_surrogate_ = unicode_;
  } else if (is_low) {
    std::uint32_t const value = 0x10000 + ((high_surrogate_ - 0xD800) << 10) + (unicode_ - 0xDC00);
    high_surrogate_ = 0;
    code_point(value);
  } else {
    code_point(unicode_);
  }
}

void Tokenizer::code_point(std::uint32_t value) {
  std::string bytes;
  auto const tail = [&bytes](std::uint32_t bits) {
    bytes += static_cast<char>(0x80 | (bits & 0x3F));
  };
  if (value < 0x80) {
    bytes += static_cast<char>(value);
  } else if (value < 0x800) {
    bytes += static_cast<char>(0xC0 | (value >> 6));
    tail(value);
  } else if (value < 0x10000) {
    bytes += static_cast<char>(0xE0 | (value >> 12));
    tail(value >> 6);
    tail(value);
  } else {
    bytes += static_cast<char>(0xF0 | (value >> 18));
    tail(value >> 12);
    tail(value >> 6);
    tail(value);
  }
  text(bytes);
}

}  // namespace courier::json
