// transfer_outcome.cpp -- how an attempt ended, and what may be concluded from it.
//
// The line that matters: once the whole request has left, a missing answer is ambiguous, because
// the server may have done (and charged for) the work.
#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string_view>
#include <system_error>

#include "courier/clock.hpp"
#include "courier/http_status.hpp"
#include "courier/transfer.hpp"

namespace courier {

namespace {

using wire::ErrorClass;

constexpr std::int64_t longest_retry_after_s = 86400;
// Striking out anything shorter would damage text without hiding anything.
constexpr std::size_t shortest_secret = 4;

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

Transfer::Outcome Transfer::finish(CURLcode code) {
  curl_off_t uploaded = 0;
  curl_easy_getinfo(easy(), CURLINFO_SIZE_UPLOAD_T, &uploaded);
  note_upload(uploaded);
  timings_.finished_us = now_us();
  try {
    return conclude(code);
  } catch (const AttemptError &error) {
    return fail(error);
  } catch (const std::exception &error) {
    return fail(AttemptError(ErrorClass::internal, error.what()));
  }
}

wire::Succeeded Transfer::conclude(CURLcode code) {
  if (failure_) throw AttemptError(*failure_);
  long const answered = status();
  if (answered >= 300) throw explain_status();
  if (code != CURLE_OK) throw explain_transport(code);
  if (!head_ended_)  // libcurl takes this for an empty answer
    throw AttemptError(ErrorClass::ambiguous,
                       "the server closed the connection within the head of its answer");
  if (body_ == Body::not_begun) begin_body();
  if (failure_) throw AttemptError(*failure_);
  Result result = adapter_->finish();
  wire::Succeeded succeeded;
  succeeded.attempt = attempt_;
  succeeded.timings = timings_;
  succeeded.metadata = redact_json(result.metadata);
  succeeded.result = redact_json(result.result);
  succeeded.outputs = std::move(result.outputs);
  return succeeded;
}

AttemptError Transfer::explain_status() const {
  ResponseHead const answer = head();
  if (answer.status >= 400) return adapter_->explain(answer, excerpt_);
  return {ErrorClass::bad_response, "the server answers " + std::to_string(answer.status) +
                                        " and points to " + header("Location").value_or("nowhere") +
                                        "; redirects are not followed"};
}

AttemptError Transfer::explain_transport(CURLcode code) const {
  if (header_bytes_ > 0 && body_ == Body::not_begun &&
      (code == CURLE_WRITE_ERROR || code == CURLE_OUT_OF_MEMORY))
    return {ErrorClass::bad_response, "the headers of the answer are too large"};
  if (code == CURLE_OUT_OF_MEMORY || code == CURLE_WRITE_ERROR || code == CURLE_ABORTED_BY_CALLBACK)
    return {ErrorClass::internal, "out of memory"};
  if (timings_.sent_us != 0) return explain_lost_answer(code);

  const std::string &where = endpoint_.display;
  curl_off_t connected_us = 0;
  curl_easy_getinfo(easy(), CURLINFO_PRETRANSFER_TIME_T, &connected_us);
  if (connected_us > 0) {
    if (code == CURLE_OPERATION_TIMEDOUT)
      return {ErrorClass::transient_net, "the request to " + where + " could not be sent within " +
                                             std::to_string(total_timeout_ms_) + " ms"};
    return {ErrorClass::transient_net,
            "the connection to " + where +
                " was lost before the request was sent: " + curl_message(code)};
  }
  return explain_no_connection(code);
}

AttemptError Transfer::explain_no_connection(CURLcode code) const {
  const std::string &where = endpoint_.display;
  if (!refused_address_.empty() && !socket_opened_)
    return {ErrorClass::invalid_input, where + " is at " + refused_address_ +
                                           ", and this endpoint may not use the private network"};
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
  else if (!endpoint_.unix_socket.empty())
    why = "its queue of connections is full";  // EAGAIN, which libcurl takes for "in progress"
  return {ErrorClass::unavailable, "could not connect to " + where + ": " + why};
}

// Whichever of the two limits ends the wait for a connection; 0 is no limit.
std::uint32_t Transfer::connect_limit_ms() const noexcept {
  if (connect_timeout_ms_ == 0) return total_timeout_ms_;
  if (total_timeout_ms_ == 0) return connect_timeout_ms_;
  return std::min(connect_timeout_ms_, total_timeout_ms_);
}

AttemptError Transfer::explain_lost_answer(CURLcode code) const {
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
                                         std::to_string(total_timeout_ms_) + " ms; " + progress +
                                         " bytes arrived"};
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      return {ErrorClass::bad_response, "the server does not answer in HTTP"};
    default:
      return {ErrorClass::ambiguous, "the connection broke after " + progress +
                                         " bytes of the answer: " + curl_message(code)};
  }
}

std::string Transfer::curl_message(CURLcode code) const {
  return curl_error_[0] != '\0' ? curl_error_ : curl_easy_strerror(code);
}

wire::Failed Transfer::first_byte_timed_out() {
  timings_.finished_us = now_us();
  return fail({ErrorClass::ambiguous, "no answer within " +
                                          std::to_string(first_byte_timeout_.count()) +
                                          " ms after the request"});
}

wire::Cancelled Transfer::cancelled() {
  timings_.finished_us = now_us();
  return {attempt_, timings_};
}

wire::Failed Transfer::fail(const AttemptError &error) const {
  wire::Failed failed;
  failed.attempt = attempt_;
  failed.error_class = error.error_class();
  long const answered = status();
  if (answered >= 200 && answered <= 999) failed.http_status = static_cast<std::uint16_t>(answered);
  if (error.error_class() == ErrorClass::throttled || error.error_class() == ErrorClass::overload)
    failed.retry_after_ms = retry_after_ms();
  failed.request_sent = timings_.sent_us != 0;
  failed.message = redact(error.message());
  failed.detail = redact(excerpt_);
  failed.timings = timings_;
  return failed;
}

// libcurl reads both forms, seconds and a date.
std::uint32_t Transfer::retry_after_ms() const {
  curl_off_t seconds = 0;
  curl_easy_getinfo(easy(), CURLINFO_RETRY_AFTER, &seconds);
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(seconds, 0, longest_retry_after_s) *
                                    1000);
}

// A server may quote the credential it did not like.
std::string Transfer::redact(std::string text) const {
  constexpr std::string_view mark = "[token]";
  if (secret_.size() < shortest_secret) return text;
  std::size_t at = text.find(secret_);
  while (at != std::string::npos) {
    text.replace(at, secret_.size(), mark);
    at = text.find(secret_, at + mark.size());
  }
  return text;
}

// The same within the texts of a JSON document, where the credential may be written with escapes.
std::string Transfer::redact_json(const std::string &text) const {
  using Json = nlohmann::json;
  if (secret_.size() < shortest_secret) return text;
  auto const redacted = [this](auto const &self, const Json &value) -> Json {
    if (value.is_string()) return redact(value.get<std::string>());
    if (!value.is_structured()) return value;
    Json out = value.is_array() ? Json::array() : Json::object();
    for (const auto &[key, member] : value.items())
      if (value.is_array())
        out.push_back(self(self, member));
      else
        out[redact(key)] = self(self, member);
    return out;
  };
  Json const document = Json::parse(text, nullptr, false);
  if (document.is_discarded()) return redact(text);
  Json const clean = redacted(redacted, document);
  return clean == document ? text : clean.dump();  // numbers stay as they were written
}

}  // namespace courier
