#include "courier/courier.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <cstdint>
#include <variant>

#include "courier/clock.hpp"

namespace courier {

namespace {

// How soon a congested channel is tried again: the kernel does not say when descriptors in flight
// have landed.
constexpr int congestion_wait_ms = 20;
constexpr std::int64_t longest_wait_ms = 3600000;
// That a request was sent is no news when its answer follows at once.
constexpr std::chrono::milliseconds sent_report_delay{20};
// Nobody reads faster, and each piece is written to a row.
constexpr std::chrono::milliseconds text_delay{100};

// Of all descriptors, those of connections that nobody uses at the moment.
std::size_t idle_budget(std::size_t descriptor_budget) {
  constexpr std::size_t most = 1024;
  return std::clamp<std::size_t>(descriptor_budget / 8, 1, most);
}

}  // namespace

Courier::Courier(int channel_fd, std::string spool_folder, std::size_t descriptor_budget)
    : channel_(channel_fd),
      spool_folder_(std::move(spool_folder)),
      descriptor_budget_(descriptor_budget - idle_budget(descriptor_budget)),
      loop_([this](CURL *easy, CURLcode code) { complete(easy, code); },
            static_cast<long>(idle_budget(descriptor_budget))) {}

void Courier::run() {
  channel_.send(wire::encode(wire::Hello{wire::protocol_version, ATELIER_VERSION}));
  for (;;) {
    report_sent();
    channel_.flush();
    loop_.watch(channel_.descriptor(), EPOLLIN | (channel_.wants_write() ? EPOLLOUT : 0U));
    std::uint32_t const ready = loop_.turn(wait_ms());
    if ((ready & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !handle_frames()) return;
    attend_deadlines();
    launch_waiting();
  }
}

// ---- deadlines ----

int Courier::wait_ms() const {
  int wait = channel_.congested() ? congestion_wait_ms : -1;
  auto const until = [&wait](Clock::time_point due) {
    auto const left = std::chrono::ceil<std::chrono::milliseconds>(due - Clock::now()).count();
    int const due_ms = static_cast<int>(std::clamp<std::int64_t>(left, 0, longest_wait_ms));
    wait = wait < 0 ? due_ms : std::min(wait, due_ms);
  };
  for (const Deadlines *const deadlines : {&first_bytes_due_, &pauses_, &texts_due_})
    if (!deadlines->empty()) until(deadlines->begin()->first);
  if (!unreported_sent_.empty()) until(unreported_sent_.front().first);
  return wait;
}

void Courier::set_due(Deadlines &deadlines, Clock::time_point Flight::*note, Flight &flight,
                      Clock::time_point due) {
  const wire::Uuid &id = flight.attempt->id();
  if (flight.*note != never) deadlines.erase({flight.*note, id});
  flight.*note = due;
  if (due != never) deadlines.emplace(due, id);
}

void Courier::attend_deadlines() {
  auto const now = Clock::now();
  auto const is_due = [now](const Deadlines &deadlines) {
    return !deadlines.empty() && deadlines.begin()->first <= now;
  };
  while (is_due(texts_due_))
    pass_on_text(flights_.at(texts_due_.begin()->second));
  while (is_due(pauses_))
    proceed(wire::Uuid(pauses_.begin()->second));
  expire_first_bytes();
}

void Courier::expire_first_bytes() {
  while (!first_bytes_due_.empty() && first_bytes_due_.begin()->first <= Clock::now()) {
    wire::Uuid const id = first_bytes_due_.begin()->second;
    Flight &flight = flights_.at(id);
    set_due(first_bytes_due_, &Flight::first_byte_due, flight, never);
    if (!flight.attempt->awaits_first_byte()) continue;
    loop_.remove(flight.attempt->easy());
    end(id, flight.attempt->first_byte_timed_out());
  }
}

// ---- what the dispatcher says ----

// False when there is nothing left to do.
bool Courier::handle_frames() {
  if (!channel_.receive()) return false;
  while (auto frame = channel_.next()) {
    wire::Message const message = wire::decode(std::move(*frame));
    if (std::holds_alternative<wire::Shutdown>(message)) return false;
    handle(message);
  }
  return true;
}

void Courier::handle(const wire::Message &message) {
  if (const auto *const job = std::get_if<wire::Submit>(&message))
    submit(*job);
  else if (const auto *const stop = std::get_if<wire::Cancel>(&message))
    cancel(stop->attempt);
  else if (const auto *const news = std::get_if<wire::Poke>(&message))
    poke(news->attempt);
  else
    throw wire::ProtocolError("the dispatcher sent a message that only a courier sends");
}

void Courier::submit(const wire::Submit &submit) {
  if (flights_.contains(submit.attempt))
    throw wire::ProtocolError("attempt " + submit.attempt.to_string() + " was submitted twice");
  if (waiting_.empty())
    launch(submit);
  else
    waiting_.push_back(submit);
}

void Courier::launch(const wire::Submit &submit) {
  try {
    auto attempt =
        std::make_unique<Attempt>(submit, spool_folder_, static_cast<Attempt::Observer &>(*this));
    std::size_t const cost = attempt->descriptor_cost();
    if (cost > descriptor_budget_)
      return refuse(submit, wire::ErrorClass::internal,
                    "the request needs more descriptors than the courier has");
    if (!has_room(cost)) {
      waited_for_ = cost;
      return waiting_.push_front(submit);
    }
    loop_.add(attempt->easy());
    descriptors_reserved_ += cost;
    flights_.emplace(submit.attempt, Flight{std::move(attempt), cost});
  } catch (const AttemptError &error) {
    refuse(submit, error.error_class(), error.message());
  } catch (const std::exception &error) {
    refuse(submit, wire::ErrorClass::internal, error.what());
  }
}

bool Courier::has_room(std::size_t descriptors) const {
  return descriptors_reserved_ + channel_.queued_descriptors() + descriptors <= descriptor_budget_;
}

// As many as its descriptors allow; the order stays.
void Courier::launch_waiting() {
  while (!waiting_.empty() && has_room(waited_for_)) {
    wire::Submit const next = std::move(waiting_.front());
    waiting_.pop_front();
    std::size_t const before = waiting_.size();
    launch(next);
    if (waiting_.size() > before) return;
    waited_for_ = 0;  // the next one tells
  }
}

void Courier::refuse(const wire::Submit &submit, wire::ErrorClass error_class,
                     const std::string &why) {
  if (submit.purpose == wire::Purpose::lookup) {
    wire::LookedUp unanswered;
    unanswered.attempt = submit.attempt;
    unanswered.message = why;
    channel_.send(wire::encode(unanswered));
    return;
  }
  wire::Failed failed;
  failed.attempt = submit.attempt;
  failed.error_class = error_class;
  failed.message = why;
  failed.timings.started_us = failed.timings.finished_us = now_us();
  channel_.send(wire::encode(failed));
}

void Courier::cancel(const wire::Uuid &attempt) {
  auto const waits =
      std::find_if(waiting_.begin(), waiting_.end(),
                   [&](const wire::Submit &submit) { return submit.attempt == attempt; });
  if (waits != waiting_.end()) {
    waiting_.erase(waits);
    return report(wire::Cancelled{attempt, {}});
  }
  auto const found = flights_.find(attempt);
  if (found == flights_.end()) return;  // it has ended; its outcome is on the way
  Flight &flight = found->second;
  if (flight.attempt->cancel()) return;
  if (flight.proceed_due == never) loop_.remove(flight.attempt->easy());
  proceed(attempt);
}

void Courier::poke(const wire::Uuid &attempt) {
  auto const found = flights_.find(attempt);
  if (found == flights_.end()) return;
  if (found->second.proceed_due == never)
    found->second.poked = true;
  else
    proceed(attempt);
}

// ---- what attempts say ----

void Courier::sent(const Attempt &attempt) {
  unreported_sent_.emplace_back(Clock::now() + sent_report_delay,
                                wire::Sent{attempt.id(), attempt.timings().sent_us});
  if (attempt.first_byte_timeout().count() == 0 || !attempt.awaits_first_byte()) return;
  auto const found = flights_.find(attempt.id());
  if (found == flights_.end()) return;
  set_due(first_bytes_due_, &Flight::first_byte_due, found->second,
          Clock::now() + attempt.first_byte_timeout());
}

void Courier::submitted(const Attempt &attempt, const std::string &external_id) {
  channel_.send(wire::encode(wire::Submitted{attempt.id(), external_id}));
}

void Courier::progressed(const Attempt &attempt, double fraction) {
  channel_.send(wire::encode(wire::Progress{attempt.id(), fraction}));
}

void Courier::spoke(const Attempt &attempt) {
  auto const found = flights_.find(attempt.id());
  if (found == flights_.end() || found->second.text_due != never) return;
  set_due(texts_due_, &Flight::text_due, found->second, Clock::now() + text_delay);
}

void Courier::pass_on_text(Flight &flight) {
  set_due(texts_due_, &Flight::text_due, flight, never);
  std::string text = flight.attempt->take_text();
  if (!text.empty())
    channel_.send(wire::encode(wire::Delta{flight.attempt->id(), std::move(text)}));
}

void Courier::report_sent() {
  while (!unreported_sent_.empty() && unreported_sent_.front().first <= Clock::now()) {
    const wire::Sent &sent = unreported_sent_.front().second;
    if (flights_.contains(sent.attempt)) channel_.send(wire::encode(sent));
    unreported_sent_.pop_front();
  }
}

// ---- how they go on, and end ----

void Courier::complete(CURL *easy, CURLcode code) {
  Attempt &attempt = Attempt::from(easy);
  wire::Uuid const id = attempt.id();
  Attempt::Next next = attempt.finish(code);  // may still say that the request was sent
  if (auto *const outcome = std::get_if<Attempt::Outcome>(&next))
    return end(id, std::move(*outcome));
  Flight &flight = flights_.at(id);
  bool const at_once = std::exchange(flight.poked, false);
  auto const wait = at_once ? std::chrono::milliseconds(0) : std::get<Attempt::Pause>(next).wait;
  set_due(pauses_, &Flight::proceed_due, flight, Clock::now() + wait);
}

void Courier::proceed(const wire::Uuid &id) {
  Flight &flight = flights_.at(id);
  set_due(pauses_, &Flight::proceed_due, flight, never);
  if (auto outcome = flight.attempt->proceed()) return end(id, std::move(*outcome));
  loop_.add(flight.attempt->easy());
}

void Courier::end(const wire::Uuid &id, Attempt::Outcome &&outcome) {
  Flight &flight = flights_.at(id);
  pass_on_text(flight);
  set_due(first_bytes_due_, &Flight::first_byte_due, flight, never);
  set_due(pauses_, &Flight::proceed_due, flight, never);
  descriptors_reserved_ -= flight.descriptors;
  flights_.erase(id);
  report(std::move(outcome));
}

void Courier::report(Attempt::Outcome &&outcome) {
  std::visit([this](auto &said) { channel_.send(wire::encode(std::move(said))); }, outcome);
}

}  // namespace courier
