// attempt_outcome.cpp -- how an attempt ends, and what is asked once more before that.
//
// Once the server's id of the request is known, that a question finds no answer says nothing about
// the request: it may be carried out, and paid for. So it is asked again, and in the end the
// outcome is ambiguous, never a failure that would have the request sent once more.
#include <algorithm>

#include "courier/attempt.hpp"
#include "courier/clock.hpp"
#include "courier/http_status.hpp"

namespace courier {

namespace {

using std::chrono::milliseconds;
using wire::ErrorClass;

constexpr unsigned most_failures = 8;
constexpr unsigned most_unreadable = 3;
constexpr milliseconds first_delay{1000};
constexpr milliseconds longest_delay{30000};

bool is_busy(long status) {
  constexpr long request_timeout = 408;
  constexpr long too_early = 425;
  constexpr long too_many = 429;
  return status == request_timeout || status == too_early || status == too_many || status >= 500;
}

// What can be wrong with a question, and not with the request that it is about.
bool is_about_asking(ErrorClass error_class) {
  switch (error_class) {
    case ErrorClass::unavailable:
    case ErrorClass::transient_net:
    case ErrorClass::ambiguous:
    case ErrorClass::throttled:
    case ErrorClass::overload:
    case ErrorClass::auth:
    case ErrorClass::payment:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool Attempt::is_submitted() const noexcept { return !adapter_->external_id().empty(); }

// The work is done or under way: to ask again changes nothing, and to begin anew may cost twice.
bool Attempt::asks_what_is_there() const noexcept {
  const HttpRequest &request = exchange_->request();
  return is_submitted() || (!request.url.empty() && !request.named_by_user);
}

void Attempt::note_end() {
  timings_.finished_us = now_us();
  if (timings_.first_byte_us == 0 && exchange_) timings_.first_byte_us = exchange_->first_byte_us();
}

bool Attempt::may_repeat(const AttemptError &error, CURLcode code) const {
  if (!asks_what_is_there() || submit_.purpose == wire::Purpose::lookup ||
      failures_ >= most_failures)
    return false;
  if (dynamic_cast<const LookupAnswer *>(&error) != nullptr) return false;
  if (exchange_->status() >= 400) return is_busy(exchange_->status());
  // A page of what stands in front of the server for a moment, more often than not.
  if (error.is_unreadable()) return failures_ < most_unreadable;
  return exchange_->failed_in_transport(code);
}

milliseconds Attempt::repeat_delay() {
  auto const told = milliseconds(exchange_->retry_after_ms());
  auto const own = std::min(longest_delay, first_delay * (1U << std::min(failures_, 5U)));
  ++failures_;
  return std::max(told, own);
}

Attempt::Outcome Attempt::give_up(const AttemptError &error, CURLcode code) {
  bool const no_answer = exchange_->failed_in_transport(code) || exchange_->status() >= 400;
  if (exchange_->request().named_by_user && no_answer)
    return end_with({ErrorClass::invalid_input,
                     "a picture to start from cannot be fetched: " + error.message()},
                    false);
  if (asks_what_is_there() && no_answer && is_about_asking(error.error_class()))
    return end_with({ErrorClass::ambiguous, error.message()}, false);
  return end_with(error, code == CURLE_OK);
}

// Who only wants it stopped asks again when the server did not hear.
Attempt::Outcome Attempt::end_cancel(CURLcode code) const {
  bool const heard = !exchange_->failed_in_transport(code) && !is_busy(exchange_->status());
  if (submit_.purpose == wire::Purpose::stop && !heard)
    return fail({ErrorClass::unavailable,
                 "told to stop, the server answers " + std::to_string(exchange_->status())});
  return wire::Cancelled{id(), timings_};
}

Attempt::Outcome Attempt::end_with(const AttemptError &error, bool answered) {
  if (submit_.purpose == wire::Purpose::lookup) return looked_up(error, answered);
  return fail(error);
}

// What cannot be understood is no answer: to take it for a failure would mean to send a request
// once more that may be under way.
wire::LookedUp Attempt::looked_up(const AttemptError &error, bool answered) const {
  wire::Failed const failed = fail(error);
  wire::LookedUp looked_up;
  looked_up.attempt = id();
  looked_up.error_class = failed.error_class;
  looked_up.http_status = failed.http_status;
  looked_up.message = failed.message;
  looked_up.detail = failed.detail;
  if (const auto *const said = dynamic_cast<const LookupAnswer *>(&error)) {
    looked_up.state = said->state;
    looked_up.progress = said->progress;
    return looked_up;
  }
  bool const understood = error.error_class() != ErrorClass::bad_response &&
                          error.error_class() != ErrorClass::internal;
  bool const said_so = is_success(exchange_->status()) && understood;
  bool const is_gone = is_submitted() && error.error_class() == ErrorClass::expired;
  if (answered && (said_so || is_gone)) looked_up.state = wire::RequestState::failed;
  return looked_up;
}

Attempt::Outcome Attempt::first_byte_timed_out() {
  note_end();
  return end_with(
      {ErrorClass::ambiguous, "no answer within " + std::to_string(submit_.first_byte_timeout_ms) +
                                  " ms after the request"},
      false);
}

wire::Failed Attempt::fail(const AttemptError &error) const {
  wire::Failed failed;
  failed.attempt = id();
  failed.error_class = error.error_class();
  failed.rate = rate_;
  long const status = exchange_->status();
  if (status >= 200 && status <= 999) failed.http_status = static_cast<std::uint16_t>(status);
  if (error.error_class() == ErrorClass::throttled || error.error_class() == ErrorClass::overload) {
    failed.retry_after_ms = exchange_->retry_after_ms();
    auto const in_body = static_cast<std::uint32_t>(error.retry_after().count());
    if (failed.retry_after_ms == 0) failed.retry_after_ms = in_body;
  }
  failed.request_sent = timings_.sent_us != 0 || is_submitted();
  failed.message = redaction_.text(error.message());
  failed.detail = redaction_.text(exchange_->excerpt());
  failed.timings = timings_;
  return failed;
}

wire::Succeeded Attempt::succeed(Result &&result) {
  wire::Succeeded succeeded;
  succeeded.attempt = id();
  succeeded.timings = timings_;
  succeeded.metadata = redaction_.json(result.metadata);
  succeeded.result = redaction_.json(result.result);
  succeeded.outputs = std::move(result.outputs);
  succeeded.rate = rate_;
  return succeeded;
}

}  // namespace courier
