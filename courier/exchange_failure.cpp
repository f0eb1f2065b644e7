// exchange_failure.cpp -- why there is no answer, and what may be concluded from that.
//
// The line that matters: once the whole request has left, a missing answer is ambiguous, because
// the server may have done (and charged for) the work.
#include <algorithm>
#include <cstring>
#include <string_view>
#include <system_error>

#include "courier/clock.hpp"
#include "courier/exchange.hpp"
#include "courier/rate_headers.hpp"

namespace courier {

namespace {

using wire::ErrorClass;

constexpr std::int64_t longest_retry_after_s = 86400;

bool is_tls_error(CURLcode code) noexcept {
  switch (code) {
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
      return true;
    default:
      return false;
  }
}

std::string system_message(int error) { return std::generic_category().message(error); }

}  // namespace

// To a user who names a server, its address in the private network is none of his business.
AttemptError Exchange::explain_refusal() const {
  const std::string &where = plan_.endpoint.display;
  if (plan_.request.named_by_user)
    return {ErrorClass::invalid_input, where + " is not on the public internet"};
  return {ErrorClass::invalid_input, where + " is at " + refused_address_ +
                                         ", and this endpoint may not use the private network"};
}

AttemptError Exchange::explain_transport(CURLcode code) const {
  if (!refused_address_.empty() && !socket_opened_) return explain_refusal();
  if (header_bytes_ > 0 && body_ == Body::not_begun &&
      (code == CURLE_WRITE_ERROR || code == CURLE_OUT_OF_MEMORY))
    return {ErrorClass::bad_response, "the headers of the answer are too large"};
  if (code == CURLE_OUT_OF_MEMORY || code == CURLE_WRITE_ERROR || code == CURLE_ABORTED_BY_CALLBACK)
    return {ErrorClass::internal, "out of memory"};
  if (sent_us_ != 0) return explain_lost_answer(code);

  const std::string &where = plan_.endpoint.display;
  if (was_connected()) {
    if (code == CURLE_OPERATION_TIMEDOUT)
      return {ErrorClass::transient_net, "the request to " + where + " could not be sent within " +
                                             std::to_string(plan_.total_timeout_ms) + " ms"};
    return {ErrorClass::transient_net,
            "the connection to " + where +
                " was lost before the request was sent: " + curl_message(code)};
  }
  return explain_no_connection(code);
}

// Not by CURLINFO_PRETRANSFER_TIME_T: later versions of libcurl set it when there is no connection,
// too. On a connection that was used before only the request tells.
bool Exchange::was_connected() const {
  bool const with_tls = plan_.endpoint.url.starts_with("https:");
  curl_off_t connect_us = 0;
  long request_bytes = 0;
  curl_easy_getinfo(easy(), with_tls ? CURLINFO_APPCONNECT_TIME_T : CURLINFO_CONNECT_TIME_T,
                    &connect_us);
  curl_easy_getinfo(easy(), CURLINFO_REQUEST_SIZE, &request_bytes);
  return connect_us > 0 || request_bytes > 0;
}

AttemptError Exchange::explain_no_connection(CURLcode code) const {
  const std::string &where = plan_.endpoint.display;
  if (socket_error_ != 0 && !socket_opened_)
    return {ErrorClass::internal, "cannot open a socket: " + system_message(socket_error_)};
  if (code == CURLE_COULDNT_RESOLVE_HOST)
    return {ErrorClass::unavailable, "could not resolve " + where};
  if (code == CURLE_OPERATION_TIMEDOUT)
    return {ErrorClass::unavailable,
            "no connection to " + where + " within " + std::to_string(connect_limit_ms()) + " ms"};
  if (is_tls_error(code))
    return {ErrorClass::unavailable, "TLS with " + where + " failed: " + curl_message(code)};
  long os_error = 0;
  curl_easy_getinfo(easy(), CURLINFO_OS_ERRNO, &os_error);
  std::string why = curl_message(code);
  if (os_error != 0)
    why = system_message(static_cast<int>(os_error));
  else if (!plan_.endpoint.unix_socket.empty())
    why = "its queue of connections is full";  // EAGAIN, which libcurl takes for "in progress"
  return {ErrorClass::unavailable, "could not connect to " + where + ": " + why};
}

// Whichever of the two limits ends the wait for a connection; 0 is no limit.
std::uint32_t Exchange::connect_limit_ms() const noexcept {
  if (plan_.connect_timeout_ms == 0) return plan_.total_timeout_ms;
  if (plan_.total_timeout_ms == 0) return plan_.connect_timeout_ms;
  return std::min(plan_.connect_timeout_ms, plan_.total_timeout_ms);
}

AttemptError Exchange::explain_lost_answer(CURLcode code) const {
  std::string const received = std::to_string(body_bytes_);
  curl_off_t announced = -1;
  curl_easy_getinfo(easy(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
  std::string const progress =
      announced > 0 ? received + " of " + std::to_string(announced) : received;
  switch (code) {
    case CURLE_GOT_NOTHING:
      return {ErrorClass::ambiguous, "the server closed the connection without an answer"};
    case CURLE_PARTIAL_FILE:
      return {ErrorClass::ambiguous,
              "the server closed the connection after " + progress + " bytes"};
    case CURLE_OPERATION_TIMEDOUT:
      return {ErrorClass::ambiguous, "no complete answer within " +
                                         std::to_string(plan_.total_timeout_ms) + " ms; " +
                                         progress + " bytes arrived"};
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      return {ErrorClass::bad_response, "the server does not answer in HTTP"};
    default:
      return {ErrorClass::ambiguous, "the connection broke after " + progress +
                                         " bytes of the answer: " + curl_message(code)};
  }
}

std::string Exchange::curl_message(CURLcode code) const {
  return curl_error_[0] != '\0' ? curl_error_ : curl_easy_strerror(code);
}

wire::RateLimit Exchange::rate() const {
  return parse_rate_headers([this](const char *name) { return header(name); }, now_us());
}

// libcurl reads both forms of Retry-After, seconds and a date. Without it, the end of a rate that
// is used up is as good.
std::uint32_t Exchange::retry_after_ms() const {
  if (auto const exact = header("Retry-After-Ms"))
    if (auto const milliseconds = parse_milliseconds(*exact)) return *milliseconds;
  wire::RateLimit const limit = rate();
  if (!header("Retry-After") && limit.remaining == 0) return limit.reset_ms;
  curl_off_t seconds = 0;
  curl_easy_getinfo(easy(), CURLINFO_RETRY_AFTER, &seconds);
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(seconds, 0, longest_retry_after_s) *
                                    1000);
}

}  // namespace courier
