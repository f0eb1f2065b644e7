#include "courier/http_status.hpp"

namespace courier {

wire::ErrorClass class_of_status(long status, bool has_retry_after) noexcept {
  using wire::ErrorClass;
  switch (status) {
    case 401:
    case 403:
      return ErrorClass::auth;
    case 402:
      return ErrorClass::payment;
    case 408:  // the server or a proxy gave up, not us
      return ErrorClass::overload;
    case 429:
      return ErrorClass::throttled;
    case 503:
      return has_retry_after ? ErrorClass::throttled : ErrorClass::overload;
    default:
      break;
  }
  if (status >= 500 && status < 600) return ErrorClass::overload;
  if (status >= 400 && status < 500) return ErrorClass::invalid_input;
  return ErrorClass::bad_response;
}

}  // namespace courier
