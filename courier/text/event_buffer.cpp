#include "courier/text/event_buffer.hpp"

#include "courier/attempt_error.hpp"

namespace courier::text {

void EventBuffer::data(std::string_view piece) {
  if (piece.size() > max_event_bytes_ - data_.size())
    throw AttemptError(
        wire::ErrorClass::too_large,
        "an event of the stream has more than " + std::to_string(max_event_bytes_) + " bytes");
  data_ += piece;
}

void EventBuffer::end_event(const std::string &type) {
  on_event_(data_, type);
  data_.clear();
}

}  // namespace courier::text
