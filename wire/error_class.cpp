#include "wire/error_class.hpp"

namespace wire {

const char *error_class_name(ErrorClass error_class) noexcept {
  switch (error_class) {
    case ErrorClass::unavailable:
      return "unavailable";
    case ErrorClass::transient_net:
      return "transient_net";
    case ErrorClass::ambiguous:
      return "ambiguous";
    case ErrorClass::throttled:
      return "throttled";
    case ErrorClass::overload:
      return "overload";
    case ErrorClass::auth:
      return "auth";
    case ErrorClass::payment:
      return "payment";
    case ErrorClass::invalid_input:
      return "invalid_input";
    case ErrorClass::content_policy:
      return "content_policy";
    case ErrorClass::worker_crash:
      return "worker_crash";
    case ErrorClass::expired:
      return "expired";
    case ErrorClass::bad_response:
      return "bad_response";
    case ErrorClass::too_large:
      return "too_large";
    case ErrorClass::internal:
      return "internal";
  }
  return "internal";
}

std::optional<ErrorClass> error_class_from_number(std::uint8_t number) noexcept {
  if (number >= error_class_count) return std::nullopt;
  return static_cast<ErrorClass>(number);
}

}  // namespace wire
