// tokenizer.hpp -- JSON that arrives in pieces, without ever being held.
//
// A generated picture is a base64 string of many megabytes inside the answer. Parsers that build
// values need it whole; this one hands strings on in the pieces they arrive in, straight from the
// receive buffer. Strict RFC 8259: one document, valid UTF-8, no lone surrogates, bounded depth,
// keys and numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace courier::json {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Events {
 public:
  Events() = default;
  Events(const Events &) = delete;
  Events &operator=(const Events &) = delete;
  virtual ~Events() = default;

  virtual void begin_object() = 0;
  virtual void end_object() = 0;
  virtual void begin_array() = 0;
  virtual void end_array() = 0;
  virtual void key(std::string_view name) = 0;
  virtual void begin_string() = 0;
  virtual void string_piece(std::string_view piece) = 0;  // whole characters, escapes resolved
  virtual void end_string() = 0;
  virtual void number(std::string_view text) = 0;
  virtual void boolean(bool value) = 0;
  virtual void null() = 0;
};

class Tokenizer {
 public:
  static constexpr std::size_t max_depth = 32;
  static constexpr std::size_t max_key_bytes = 1024;
  static constexpr std::size_t max_number_bytes = 128;

  explicit Tokenizer(Events &events) noexcept : events_(events) {}

  void feed(std::string_view bytes);
  void finish();  // throws unless exactly one document has been read

 private:
  enum class Expect { value, value_or_end, key, key_or_end, colon, comma_or_end, nothing };
  enum class Inside { nothing, string, character, escape, unicode, number, literal };

  std::string_view feed_between(std::string_view bytes);
  std::string_view feed_string(std::string_view bytes);
  std::string_view feed_number(std::string_view bytes);
  void feed_character(char byte);
  void feed_escape(char byte);
  void feed_unicode(char byte);
  void feed_literal(char byte);

  void structural(char byte);
  void begin_value(char byte);
  void begin_text(bool is_key);
  void end_text();
  void end_number();
  void open(char bracket);
  void close(char bracket);
  void end_value();
  void text(std::string_view piece);
  void code_point(std::uint32_t value);
  [[noreturn]] void fail(const char *why) const;

  Events &events_;
  Expect expect_ = Expect::value;
  Inside inside_ = Inside::nothing;
  bool is_key_ = false;
  std::string open_;     // the brackets around the current place
  std::string scratch_;  // the current key, number, literal or piece of a character
  std::string key_;
  std::string_view literal_;
  std::uint32_t unicode_ = 0;
  int unicode_digits_ = 0;
  std::uint32_t high_surrogate_ = 0;
  std::uint64_t offset_ = 0;
};

}  // namespace courier::json
