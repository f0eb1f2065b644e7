// attempt.hpp -- one try of a job at one server: its requests, the pauses between them, its
// outcome.
//
// The adapter says what to ask and what the answers mean. What holds for every server is here: the
// limits of time and size, what is asked again, where a credential may go, and what may be
// concluded when no answer comes.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "courier/adapters/adapter.hpp"
#include "courier/exchange.hpp"
#include "courier/redaction.hpp"
#include "wire/messages.hpp"

namespace courier {

class Attempt : private Exchange::Owner {
 public:
  using Clock = std::chrono::steady_clock;
  using Outcome = std::variant<wire::Succeeded, wire::Failed, wire::LookedUp, wire::Cancelled>;
  // proceed() is to be called after that time.
  struct Pause {
    std::chrono::milliseconds wait{0};
  };
  using Next = std::variant<Outcome, Pause>;

  // Who hears what happens before the outcome.
  class Observer {
   public:
    Observer() = default;
    Observer(const Observer &) = delete;
    Observer &operator=(const Observer &) = delete;
    virtual ~Observer() = default;

    virtual void sent(const Attempt &attempt) = 0;  // the first request, whole
    virtual void submitted(const Attempt &attempt, const std::string &external_id) = 0;
    virtual void progressed(const Attempt &attempt, double fraction) = 0;
    virtual void spoke(const Attempt &attempt) = 0;  // there is something to take_text()
  };

  // Throws AttemptError when there is nothing that could be sent. Else the handle may be started.
  Attempt(const wire::Submit &submit, const std::string &spool_folder, Observer &observer);

  static Attempt &from(CURL *easy);

  CURL *easy() const noexcept { return exchange_->easy(); }
  const wire::Uuid &id() const noexcept { return submit_.attempt; }
  const wire::Timings &timings() const noexcept { return timings_; }
  std::size_t descriptor_cost() const;
  std::chrono::milliseconds first_byte_timeout() const noexcept {
    return std::chrono::milliseconds(submit_.first_byte_timeout_ms);
  }
  bool awaits_first_byte() const noexcept { return is_first_ && exchange_->first_byte_us() == 0; }
  std::string take_text() { return std::exchange(text_, {}); }

  // The handle must not be in use any more, when these are called.
  Next finish(CURLcode code);
  Outcome first_byte_timed_out();
  // The next request, after a pause. Without an outcome, the handle may be started.
  std::optional<Outcome> proceed();

  // True: it has to go on, until the server's id of the request is known, or the server has heard
  // it. Else it is to be taken from libcurl and to proceed().
  bool cancel();

 private:
  void request_sent() override;
  void begin_response(const ResponseHead &head) override;
  void consume(std::string_view body) override;

  void start_to_stop();
  void start(HttpRequest request, std::uint32_t limit_ms);
  std::string auth_header_for(const HttpRequest &request, const EndpointUrl &place) const;
  std::uint32_t limit_ms(const HttpRequest &request) const;
  std::optional<std::chrono::milliseconds> time_left() const;

  Next conclude(CURLcode code);
  Next follow(Step &&step);
  Next follow_redirect();
  Next pause(std::chrono::milliseconds wait) const;
  AttemptError explain_status() const;
  void tell();

  bool is_submitted() const noexcept;
  bool asks_what_is_there() const noexcept;
  bool may_repeat(const AttemptError &error, CURLcode code) const;
  std::chrono::milliseconds repeat_delay();
  Outcome end_cancel(CURLcode code) const;
  Outcome end_with(const AttemptError &error, bool answered);
  Outcome give_up(const AttemptError &error, CURLcode code);
  wire::LookedUp looked_up(const AttemptError &error, bool answered) const;
  wire::Failed fail(const AttemptError &error) const;
  wire::Succeeded succeed(Result &&result);
  void note_end();

  wire::Submit const submit_;
  std::unique_ptr<Adapter> const adapter_;
  Observer &observer_;
  Redaction const redaction_;
  Clock::time_point const deadline_;  // of all requests together

  std::unique_ptr<Exchange> exchange_;
  bool is_first_ = true;
  std::optional<HttpRequest> again_;  // the next request, when it is not the adapter's
  int redirects_ = 0;
  unsigned failures_ = 0;  // in a row, since the server's id is known
  bool cancel_wanted_ = false;
  bool cancelling_ = false;
  bool told_id_ = false;
  double told_progress_ = -1;
  std::string text_;
  wire::Timings timings_;
  wire::RateLimit rate_;
};

}  // namespace courier
