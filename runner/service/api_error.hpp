// An error as the client sees it: HTTP status and OpenAI's error object.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "runner/http/message.hpp"

namespace runner {

struct ApiError : std::runtime_error {
  ApiError(int http_status, std::string error_type, std::string error_code,
           const std::string &message)
      : std::runtime_error(message),
        status(http_status),
        type(std::move(error_type)),
        code(std::move(error_code)) {}

  static ApiError invalid(const std::string &field, const std::string &message,
                          const std::string &code = "invalid_value") {
    ApiError error(400, "invalid_request_error", code, message);
    error.param = field;
    return error;
  }

  int status;
  std::string type, code;
  std::string param;                   // the offending field, or empty
  std::optional<int> retry_after_s{};  // sent as Retry-After
};

HttpResponse to_response(const ApiError &error);

}  // namespace runner
