// HTTP/1.1 messages, and the parsing of a request's head. Strict where leniency would invite
// request smuggling.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace runner {

struct HttpRequest {
  std::string method;
  std::string path;                            // without the query
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  uint64_t content_length = 0;
  bool keep_alive = true;
  bool expects_continue = false;

  std::optional<std::string> header(const std::string &lower_case_name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

// A request that cannot be served as HTTP; the connection is closed after the answer.
class HttpError : public std::runtime_error {
 public:
  HttpError(int status, const std::string &message)
      : std::runtime_error(message), status_(status) {}
  int status() const { return status_; }

 private:
  int status_;
};

// `head` is everything up to and including the empty line. Throws HttpError.
HttpRequest parse_request_head(std::string_view head);

std::string format_response_head(const HttpResponse &response, bool keep_alive);

}  // namespace runner
