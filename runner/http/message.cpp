#include "runner/http/message.hpp"

#include <algorithm>
#include <charconv>

namespace runner {
namespace {

constexpr std::string_view line_end = "\r\n";

bool is_token_character(char c) {
  const bool alphanumeric =
      (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  return alphanumeric || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char &c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string_view take_line(std::string_view &rest) {
  const auto end = rest.find(line_end);
  if (end == rest.npos) throw HttpError(400, "the request head is cut off");
  const auto line = rest.substr(0, end);
  rest.remove_prefix(end + line_end.size());
  return line;
}

void parse_request_line(std::string_view line, HttpRequest &request) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == line.npos || first == last) throw HttpError(400, "malformed request line");
  const auto method = line.substr(0, first);
  const auto target = line.substr(first + 1, last - first - 1);
  const auto version = line.substr(last + 1);
  if (!is_token(method) || !target.starts_with('/') || target.find(' ') != target.npos) {
    throw HttpError(400, "malformed request line");
  }
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    throw HttpError(505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
  }
  request.method = method;
  request.path = target.substr(0, target.find('?'));
  request.keep_alive = version == "HTTP/1.1";
}

void parse_header(std::string_view line, HttpRequest &request) {
  const auto colon = line.find(':');
  if (colon == line.npos || !is_token(line.substr(0, colon))) {
    throw HttpError(400, "malformed header");
  }
  const auto value = trim(line.substr(colon + 1));
  if (value.find_first_of(std::string_view("\r\n\0", 3)) != value.npos) {
    throw HttpError(400, "malformed header");
  }
  const auto [position, is_new] =
      request.headers.emplace(lower(line.substr(0, colon)), std::string(value));
  if (is_new) return;
  // A list may be spread over several lines; of these two there can only be one.
  if (position->first == "content-length" || position->first == "host") {
    throw HttpError(400, "repeated header " + position->first);
  }
  position->second += ", " + std::string(value);
}

void interpret_headers(HttpRequest &request) {
  if (request.header("transfer-encoding")) {
    throw HttpError(501, "Transfer-Encoding is not supported; send Content-Length");
  }
  if (const auto length = request.header("content-length")) {
    const auto *end = length->data() + length->size();
    const auto [stop, error] = std::from_chars(length->data(), end, request.content_length);
    if (error != std::errc() || stop != end) throw HttpError(400, "malformed Content-Length");
  }
  const auto connection = lower(request.header("connection").value_or(""));
  if (connection.find("close") != connection.npos) request.keep_alive = false;
  if (connection.find("keep-alive") != connection.npos) request.keep_alive = true;
  request.expects_continue = lower(request.header("expect").value_or("")) == "100-continue";
}

std::string_view reason(int status) {
  static const std::map<int, std::string_view> reasons = {{200, "OK"},
                                                          {400, "Bad Request"},
                                                          {401, "Unauthorized"},
                                                          {404, "Not Found"},
                                                          {405, "Method Not Allowed"},
                                                          {408, "Request Timeout"},
                                                          {413, "Content Too Large"},
                                                          {415, "Unsupported Media Type"},
                                                          {429, "Too Many Requests"},
                                                          {431, "Request Header Fields Too Large"},
                                                          {500, "Internal Server Error"},
                                                          {501, "Not Implemented"},
                                                          {503, "Service Unavailable"},
                                                          {505, "HTTP Version Not Supported"}};
  const auto found = reasons.find(status);
  return found == reasons.end() ? "Status" : found->second;
}

}  // namespace

std::optional<std::string> HttpRequest::header(const std::string &lower_case_name) const {
  const auto found = headers.find(lower_case_name);
  return found == headers.end() ? std::nullopt : std::optional(found->second);
}

HttpRequest parse_request_head(std::string_view head) {
  HttpRequest request;
  parse_request_line(take_line(head), request);
  for (auto line = take_line(head); !line.empty(); line = take_line(head)) {
    parse_header(line, request);
  }
  interpret_headers(request);
  return request;
}

std::string format_response_head(const HttpResponse &response, bool keep_alive) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
  head += reason(response.status);
  head += "\r\nContent-Type: " + response.content_type;
  head += "\r\nContent-Length: " + std::to_string(response.body.size());
  head += keep_alive ? "\r\nConnection: keep-alive" : "\r\nConnection: close";
  for (const auto &[name, value] : response.headers)
    head.append("\r\n").append(name).append(": ").append(value);
  head += "\r\n\r\n";
  return head;
}

}  // namespace runner
