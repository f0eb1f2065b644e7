#include "courier/attempt.hpp"

#include <algorithm>
#include <utility>

#include "courier/auth_header.hpp"
#include "courier/clock.hpp"
#include "courier/http_status.hpp"

namespace courier {

namespace {

using std::chrono::milliseconds;
using wire::ErrorClass;

// A socket, a second one while both address families are tried, and a pair for the resolver thread.
constexpr std::size_t descriptors_beside_outputs = 4;
// Of a question how far it is, or to stop: the answer is short.
constexpr std::uint32_t longest_question_ms = 60000;
constexpr std::uint32_t longest_cancel_ms = 10000;
constexpr int most_redirects = 5;

Attempt::Clock::time_point deadline_after(std::uint32_t timeout_ms) {
  if (timeout_ms == 0) return Attempt::Clock::time_point::max();
  return Attempt::Clock::now() + milliseconds(timeout_ms);
}

// What stands in front of a server gave up waiting for it. The work may go on behind it.
bool is_gateway_timeout(long status) {
  constexpr long gateway_timeout = 504;
  constexpr long cloudflare_timeout = 524;
  return status == gateway_timeout || status == cloudflare_timeout;
}

bool is_redirect(long status) { return status >= 301 && status <= 308 && status != 304; }

}  // namespace

Attempt::Attempt(const wire::Submit &submit, const std::string &spool_folder, Observer &observer)
    : submit_(submit),
      adapter_(make_adapter(submit, spool_folder)),
      observer_(observer),
      redaction_(submit.secret),
      deadline_(deadline_after(submit.total_timeout_ms)),
      told_id_(!submit.external_id.empty()) {
  timings_.started_us = now_us();
  if (submit_.purpose == wire::Purpose::stop)
    start_to_stop();
  else
    start(adapter_->request(), submit_.total_timeout_ms);
}

Attempt &Attempt::from(CURL *easy) {
  char *self = nullptr;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &self);
  return *reinterpret_cast<Attempt *>(self);
}

std::size_t Attempt::descriptor_cost() const {
  return descriptors_beside_outputs + adapter_->max_outputs();
}

// ---- the requests ----

void Attempt::start_to_stop() {
  auto request = adapter_->cancel_request();
  if (!request) throw AttemptError(ErrorClass::internal, "this server cannot be told to stop");
  cancelling_ = true;
  start(std::move(*request), longest_cancel_ms);
}

void Attempt::start(HttpRequest request, std::uint32_t limit_ms) {
  EndpointUrl place =
      request.url.empty() ? parse_endpoint_url(submit_.url, request) : parse_named_url(request.url);
  std::string auth_header = auth_header_for(request, place);
  bool const named_by_user = request.named_by_user;
  is_first_ = !exchange_;
  exchange_ = std::make_unique<Exchange>(
      Exchange::Plan{std::move(place), std::move(request), std::move(auth_header),
                     submit_.connect_timeout_ms, limit_ms, submit_.max_output_bytes,
                     submit_.private_network && !named_by_user,
                     submit_.repeatable || is_submitted()},
      static_cast<Exchange::Owner &>(*this), this);
}

std::string Attempt::auth_header_for(const HttpRequest &request, const EndpointUrl &place) const {
  if (submit_.secret.empty() || request.without_credential || request.named_by_user) return {};
  if (!request.url.empty() && !may_have_credential(submit_.url, request.trusted_hosts, place))
    return {};
  return make_auth_header(submit_.auth_header, submit_.secret);
}

std::optional<milliseconds> Attempt::time_left() const {
  if (deadline_ == Clock::time_point::max()) return std::nullopt;
  return std::chrono::ceil<milliseconds>(deadline_ - Clock::now());
}

// 0 is no limit.
std::uint32_t Attempt::limit_ms(const HttpRequest &request) const {
  bool const is_question = is_submitted() && request.url.empty();
  std::uint32_t const most = is_question ? longest_question_ms : 0;
  auto const left = time_left();
  if (!left) return most;
  auto const left_ms = static_cast<std::uint32_t>(std::max<std::int64_t>(left->count(), 1));
  return most == 0 ? left_ms : std::min(most, left_ms);
}

std::optional<Attempt::Outcome> Attempt::proceed() {
  try {
    if (cancel_wanted_) {
      note_end();
      cancelling_ = true;
      auto request = adapter_->cancel_request();
      if (!request) return wire::Cancelled{id(), timings_};
      start(std::move(*request), longest_cancel_ms);
      return std::nullopt;
    }
    auto const left = time_left();
    if (left && left->count() <= 0)
      return end_with({ErrorClass::ambiguous,
                       "no result within " + std::to_string(submit_.total_timeout_ms) + " ms"},
                      false);
    HttpRequest request = again_ ? std::move(*again_) : adapter_->request();
    again_.reset();
    std::uint32_t const limit = limit_ms(request);
    start(std::move(request), limit);
    return std::nullopt;
  } catch (const AttemptError &error) {
    note_end();
    if (cancelling_) return wire::Cancelled{id(), timings_};
    return end_with(error, false);
  }
}

bool Attempt::cancel() {
  if (cancelling_) return true;  // whoever asks again does not begin anew
  cancel_wanted_ = true;
  return adapter_->outlives_connection() && !is_submitted();
}

// ---- what the exchange tells ----

void Attempt::request_sent() {
  if (timings_.sent_us != 0 || exchange_->request().named_by_user) return;
  timings_.sent_us = exchange_->sent_us();
  observer_.sent(*this);
}

void Attempt::begin_response(const ResponseHead &head) {
  if (!cancelling_) adapter_->begin_response(head);
}

void Attempt::consume(std::string_view body) {
  if (cancelling_) return;
  adapter_->consume(body);
  std::string const said = adapter_->take_text();
  if (said.empty()) return;
  text_ += said;
  observer_.spoke(*this);
}

void Attempt::tell() {
  if (submit_.purpose != wire::Purpose::generate) return;
  if (!told_id_ && is_submitted()) {
    told_id_ = true;
    observer_.submitted(*this, adapter_->external_id());
  }
  constexpr double step = 0.01;
  double const progress = std::min(adapter_->progress(), 1.0);
  if (progress < 0 || progress < told_progress_ + step) return;
  told_progress_ = progress;
  observer_.progressed(*this, progress);
}

// ---- the answers ----

Attempt::Next Attempt::finish(CURLcode code) {
  exchange_->end();
  note_end();
  if (cancelling_) return end_cancel(code);
  try {
    return conclude(code);
  } catch (const AttemptError &error) {
    if (!may_repeat(error, code)) return give_up(error, code);
    again_ = exchange_->request();
    return pause(repeat_delay());
  } catch (const std::exception &error) {
    return end_with(AttemptError(ErrorClass::internal, error.what()), false);
  }
}

Attempt::Next Attempt::conclude(CURLcode code) {
  rate_ = exchange_->rate();
  exchange_->check(code);
  long const status = exchange_->status();
  if (is_redirect(status) && !exchange_->request().url.empty()) return follow_redirect();
  if (status >= 300) throw explain_status();
  return follow(adapter_->finish());
}

Attempt::Next Attempt::follow(Step &&step) {
  redirects_ = 0;
  failures_ = 0;
  tell();
  if (auto *const result = std::get_if<Result>(&step)) return succeed(std::move(*result));
  if (cancel_wanted_) return Pause{};
  milliseconds const after = std::get<Again>(step).after;
  if (submit_.purpose != wire::Purpose::lookup || after.count() <= 0) return pause(after);
  LookupAnswer running(wire::RequestState::running, ErrorClass::internal,
                       "the request is being carried out");
  running.progress = std::min(adapter_->progress(), 1.0);
  return looked_up(running, true);
}

Attempt::Next Attempt::follow_redirect() {
  if (++redirects_ > most_redirects)
    throw AttemptError(ErrorClass::bad_response, "a result is behind more than " +
                                                     std::to_string(most_redirects) + " redirects");
  auto const location = exchange_->header("Location");
  if (!location)
    throw AttemptError(ErrorClass::bad_response, "a result is behind a redirect to nowhere");
  again_ = exchange_->request();
  again_->url = resolve_location(again_->url, *location);
  return Pause{};
}

Attempt::Next Attempt::pause(milliseconds wait) const {
  auto const left = time_left();
  return Pause{left ? std::clamp(wait, milliseconds(0), std::max(*left, milliseconds(0))) : wait};
}

AttemptError Attempt::explain_status() const {
  ResponseHead const answer = exchange_->head();
  if (answer.status >= 400) {
    AttemptError error = adapter_->explain(answer, exchange_->excerpt());
    bool const begins_work = submit_.purpose == wire::Purpose::generate && !asks_what_is_there() &&
                             !exchange_->request().named_by_user;
    if (begins_work && is_gateway_timeout(answer.status) &&
        error.error_class() == ErrorClass::overload)
      return {ErrorClass::ambiguous, error.message()};
    return error;
  }
  return {ErrorClass::bad_response,
          "the server answers " + std::to_string(answer.status) + " and points to " +
              exchange_->header("Location").value_or("nowhere") + "; redirects are not followed"};
}

}  // namespace courier
