#include "courier/json/tokenizer.hpp"

namespace courier::json {

namespace {

bool is_space(char byte) noexcept {
  return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

bool is_digit(char byte) noexcept { return byte >= '0' && byte <= '9'; }

// number = [ minus ] int [ frac ] [ exp ]
bool is_number(std::string_view text) noexcept {
  auto const digits = [&text] {
    std::size_t count = 0;
    while (!text.empty() && is_digit(text.front())) {
      text.remove_prefix(1);
      ++count;
    }
    return count;
  };
  auto const skip = [&text](char byte) {
    if (text.empty() || text.front() != byte) return false;
    text.remove_prefix(1);
    return true;
  };
  skip('-');
  bool const leading_zero = !text.empty() && text.front() == '0';
  std::size_t const whole_digits = digits();
  if (whole_digits == 0 || (leading_zero && whole_digits > 1)) return false;
  if (skip('.') && digits() == 0) return false;
  if (skip('e') || skip('E')) {
    if (!skip('-')) skip('+');
    if (digits() == 0) return false;
  }
  return text.empty();
}

}  // namespace

void Tokenizer::fail(const char *why) const {
  throw Error(std::string(why) + " at byte " + std::to_string(offset_));
}

void Tokenizer::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    std::size_t const before = bytes.size();
    std::string_view rest = bytes.substr(1);
    switch (inside_) {
      case Inside::nothing:
        rest = feed_between(bytes);
        break;
      case Inside::string:
        rest = feed_string(bytes);
        break;
      case Inside::number:
        rest = feed_number(bytes);
        break;
      case Inside::character:
        feed_character(bytes.front());
        break;
      case Inside::escape:
        feed_escape(bytes.front());
        break;
      case Inside::unicode:
        feed_unicode(bytes.front());
        break;
      case Inside::literal:
        feed_literal(bytes.front());
        break;
    }
    offset_ += before - rest.size();
    bytes = rest;
  }
}

void Tokenizer::finish() {
  if (inside_ == Inside::number) end_number();
  if (inside_ != Inside::nothing || expect_ != Expect::nothing)
    fail("the document ends too early,");
}

std::string_view Tokenizer::feed_between(std::string_view bytes) {
  if (!is_space(bytes.front())) structural(bytes.front());
  bytes.remove_prefix(inside_ == Inside::number ? 0 : 1);
  return bytes;
}

void Tokenizer::structural(char byte) {
  switch (expect_) {
    case Expect::value_or_end:
      if (byte == ']') return close('[');
      return begin_value(byte);
    case Expect::value:
      return begin_value(byte);
    case Expect::key_or_end:
      if (byte == '}') return close('{');
      [[fallthrough]];
    case Expect::key:
      if (byte != '"') fail("expected a key");
      return begin_text(true);
    case Expect::colon:
      if (byte != ':') fail("expected a colon");
      expect_ = Expect::value;
      return;
    case Expect::comma_or_end:
      if (byte == ',') {
        expect_ = open_.back() == '{' ? Expect::key : Expect::value;
        return;
      }
      if (byte != '}' && byte != ']') fail("expected a comma or a closing bracket");
      return close(byte == '}' ? '{' : '[');
    case Expect::nothing:
      fail("unexpected text after the document");
  }
}

void Tokenizer::begin_value(char byte) {
  switch (byte) {
    case '{':
    case '[':
      return open(byte);
    case '"':
      return begin_text(false);
    case 't':
      literal_ = "true";
      break;
    case 'f':
      literal_ = "false";
      break;
    case 'n':
      literal_ = "null";
      break;
    default:
      if (byte != '-' && !is_digit(byte)) fail("expected a value");
      scratch_.clear();
      inside_ = Inside::number;
      return;
  }
  scratch_.assign(1, byte);
  inside_ = Inside::literal;
}

void Tokenizer::open(char bracket) {
  if (open_.size() == max_depth) fail("nested too deeply");
  open_ += bracket;
  if (bracket == '{') {
    expect_ = Expect::key_or_end;
    events_.begin_object();
  } else {
    expect_ = Expect::value_or_end;
    events_.begin_array();
  }
}

void Tokenizer::close(char bracket) {
  if (open_.back() != bracket) fail("mismatched closing bracket");
  open_.pop_back();
  end_value();
  if (bracket == '{')
    events_.end_object();
  else
    events_.end_array();
}

void Tokenizer::end_value() {
  inside_ = Inside::nothing;
  expect_ = open_.empty() ? Expect::nothing : Expect::comma_or_end;
}

std::string_view Tokenizer::feed_number(std::string_view bytes) {
  char const byte = bytes.front();
  if (!is_digit(byte) && byte != '-' && byte != '+' && byte != '.' && byte != 'e' && byte != 'E') {
    end_number();
    return bytes;
  }
  if (scratch_.size() == max_number_bytes) fail("a number is too long");
  scratch_ += byte;
  return bytes.substr(1);
}

void Tokenizer::end_number() {
  if (!is_number(scratch_)) fail("a malformed number");
  end_value();
  events_.number(scratch_);
}

void Tokenizer::feed_literal(char byte) {
  scratch_ += byte;
  if (!literal_.starts_with(scratch_)) fail("expected a value");
  if (scratch_.size() < literal_.size()) return;
  end_value();
  if (literal_ == "null")
    events_.null();
  else
    events_.boolean(literal_ == "true");
}

}  // namespace courier::json
