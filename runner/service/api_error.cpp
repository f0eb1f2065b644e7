#include "runner/service/api_error.hpp"

#include <nlohmann/json.hpp>

namespace runner {

HttpResponse to_response(const ApiError &error) {
  using nlohmann::json;
  const json body = {{"error",
                      {{"message", error.what()},
                       {"type", error.type},
                       {"param", error.param.empty() ? json() : json(error.param)},
                       {"code", error.code}}}};
  HttpResponse response;
  response.status = error.status;
  response.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
  if (error.retry_after_s) {
    response.headers.emplace_back("Retry-After", std::to_string(*error.retry_after_s));
  }
  if (error.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

}  // namespace runner
