// event_buffer.hpp -- the events of a stream one by one, each as a whole.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "courier/text/sse_parser.hpp"

namespace courier::text {

class EventBuffer : private SseSink {
 public:
  using OnEvent = std::function<void(std::string_view data, const std::string &type)>;

  EventBuffer(std::size_t max_event_bytes, OnEvent on_event)
      : max_event_bytes_(max_event_bytes), on_event_(std::move(on_event)), parser_(*this) {}

  // Throws AttemptError(too_large) for an event that is too long.
  void feed(std::string_view bytes) { parser_.feed(bytes); }
  void finish() { parser_.finish(); }

 private:
  void data(std::string_view piece) override;
  void end_event(const std::string &type) override;

  std::size_t const max_event_bytes_;
  OnEvent const on_event_;
  SseParser parser_;
  std::string data_;
};

}  // namespace courier::text
