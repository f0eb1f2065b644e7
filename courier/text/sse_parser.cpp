#include "courier/text/sse_parser.hpp"

#include <algorithm>

namespace courier::text {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::string_view line_ends = "\r\n";
constexpr std::size_t max_name_bytes = 16;  // more than any that has a meaning

void append_up_to(std::string &text, std::string_view more, std::size_t most) {
  text += more.substr(0, most - std::min(most, text.size()));
}

}  // namespace

void SseParser::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    char const byte = bytes.front();
    if (after_cr_ && byte == '\n') {
      after_cr_ = false;
      bytes.remove_prefix(1);
      continue;
    }
    after_cr_ = false;
    if (byte == '\r' || byte == '\n') {
      after_cr_ = byte == '\r';
      end_line();
      bytes.remove_prefix(1);
      continue;
    }
    bytes = inside_ == Inside::name ? take_name(bytes) : take_value(bytes);
  }
}

std::string_view SseParser::take_name(std::string_view bytes) {
  std::size_t const end = std::min(bytes.find_first_of("\r\n:"), bytes.size());
  append_up_to(name_, bytes.substr(0, end), max_name_bytes);
  if (end == bytes.size() || bytes[end] != ':') return bytes.substr(end);
  begin_value();
  inside_ = Inside::before_value;
  return bytes.substr(end + 1);
}

std::string_view SseParser::take_value(std::string_view bytes) {
  if (inside_ == Inside::before_value) {
    inside_ = Inside::value;
    if (bytes.front() == ' ') bytes.remove_prefix(1);
  }
  std::size_t const end = std::min(bytes.find_first_of(line_ends), bytes.size());
  if (end > 0) value(bytes.substr(0, end));
  return bytes.substr(end);
}

void SseParser::begin_value() {
  std::string_view name = name_;
  if (at_start_ && name.starts_with(byte_order_mark)) name.remove_prefix(byte_order_mark.size());
  at_start_ = false;
  // Older llama-servers write an error into a field of that name.
  if (name == "error") type_ = name;
  if (name == "data" || name == "error") {
    field_ = Field::data;
    if (has_data_) sink_.data("\n");
    has_data_ = true;
  } else if (name == "event") {
    field_ = Field::type;
    type_.clear();
  } else {
    field_ = Field::other;
  }
}

void SseParser::value(std::string_view piece) {
  if (field_ == Field::data) sink_.data(piece);
  if (field_ == Field::type) append_up_to(type_, piece, max_type_bytes);
}

void SseParser::end_line() {
  bool const is_empty =
      inside_ == Inside::name && (name_.empty() || (at_start_ && name_ == byte_order_mark));
  if (is_empty)
    end_event();
  else if (inside_ == Inside::name)
    begin_value();  // a name without a colon has an empty value
  at_start_ = false;
  inside_ = Inside::name;
  name_.clear();
}

void SseParser::end_event() {
  if (has_data_) sink_.end_event(type_);
  has_data_ = false;
  type_.clear();
}

void SseParser::finish() {
  end_line();
  end_event();
}

}  // namespace courier::text
