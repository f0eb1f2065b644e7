// sse_parser.hpp -- text/event-stream, cut anywhere.
//
// Lines end with CRLF, LF or CR; an event may have several lines of data; comments, ids and what
// else there is are skipped. Nothing of the data is held: it goes on in the pieces in which it
// arrives, because a picture may be in it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace courier::text {

class SseSink {
 public:
  SseSink() = default;
  SseSink(const SseSink &) = delete;
  SseSink &operator=(const SseSink &) = delete;
  virtual ~SseSink() = default;

  virtual void data(std::string_view piece) = 0;
  // Of an event that has data. type: the beginning of it; empty where the server gives none.
  virtual void end_event(const std::string &type) = 0;
};

class SseParser {
 public:
  static constexpr std::size_t max_type_bytes = 64;

  explicit SseParser(SseSink &sink) noexcept : sink_(sink) {}

  void feed(std::string_view bytes);
  // The stream is over. An event that nothing ended is ended, as some servers leave out the last
  // empty line: whether it is whole, its data tell.
  void finish();

 private:
  enum class Inside { name, before_value, value };
  enum class Field { data, type, other };

  std::string_view take_name(std::string_view bytes);
  std::string_view take_value(std::string_view bytes);
  void begin_value();
  void value(std::string_view piece);
  void end_line();
  void end_event();

  SseSink &sink_;
  Inside inside_ = Inside::name;
  Field field_ = Field::other;
  bool after_cr_ = false;
  bool at_start_ = true;
  bool has_data_ = false;
  std::string name_;  // its beginning
  std::string type_;
};

}  // namespace courier::text
