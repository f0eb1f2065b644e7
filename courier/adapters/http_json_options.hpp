// http_json_options.hpp -- what the adapter http_json has to know of a provider.
//
//   path           appended to the endpoint's URL, such as "/predict"
//   model_key      the member of the request that names the model; without it the model is not sent
//   result         where the result is in the answer; by default the whole answer
//   error          where an answer says that it is an error, whatever its status; by default /error
//   error_message  where its text is; by default the error itself, or its member message or detail
//   error_code     where its code is; by default /error/code
//   error_classes  {"code": "class"}, with the classes of error_class.hpp
//
// Places are JSON pointers (RFC 6901).
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "wire/error_class.hpp"

namespace courier {

struct HttpJsonOptions {
  std::string path;
  std::string model_key;
  nlohmann::json::json_pointer result;
  nlohmann::json::json_pointer error{"/error"};
  std::optional<nlohmann::json::json_pointer> error_message;
  nlohmann::json::json_pointer error_code{"/error/code"};
  std::map<std::string, wire::ErrorClass> error_classes;
};

// Of an empty text or an object. Throws AttemptError(invalid_input) for what it does not know.
HttpJsonOptions parse_http_json_options(const std::string &text);

}  // namespace courier
