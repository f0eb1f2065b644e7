// error_class.hpp -- what went wrong with an attempt, in the words that SQL uses to decide about a
// retry.
#pragma once

#include <cstdint>
#include <optional>

namespace wire {

enum class ErrorClass : std::uint8_t {
  unavailable = 0,     // could not connect; nothing left this machine
  transient_net = 1,   // the connection was lost before the whole request was sent
  ambiguous = 2,       // sent, then no full answer: the server may have done the work
  throttled = 3,       // 429, or 503 with Retry-After
  overload = 4,        // other 5xx
  auth = 5,            // 401, 403
  payment = 6,         // 402
  invalid_input = 7,   // the server refuses this request; repeating it cannot help
  content_policy = 8,  // refused for what it asks for
  worker_crash = 9,
  expired = 10,
  bad_response = 11,  // an answer that is not a result
  too_large = 12,     // over the size cap
  internal = 13,      // our own side failed
};

inline constexpr std::uint8_t error_class_count = 14;

// The name SQL knows, for example "bad_response". Static storage.
const char *error_class_name(ErrorClass error_class) noexcept;

std::optional<ErrorClass> error_class_from_number(std::uint8_t number) noexcept;

}  // namespace wire
