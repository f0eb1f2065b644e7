#include "courier/http_status.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

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

namespace {

// In small letters, without parameters.
std::string bare_type(std::string type) {
  type.erase(std::min(type.find(';'), type.size()));
  std::erase_if(type, [](unsigned char byte) { return std::isspace(byte) != 0; });
  std::transform(type.begin(), type.end(), type.begin(),
                 [](unsigned char byte) { return static_cast<char>(std::tolower(byte)); });
  return type;
}

}  // namespace

// A server that does not say what it sends gets the benefit of the doubt.
bool is_json_type(std::string type) {
  type = bare_type(std::move(type));
  return type.empty() || type == "application/json" || type == "text/json" ||
         type.ends_with("+json");
}

bool is_event_stream_type(std::string type) {
  return bare_type(std::move(type)) == "text/event-stream";
}

}  // namespace courier
