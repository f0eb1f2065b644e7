// The dispatcher: one per database. It claims jobs, hands them to its courier and records what
// came of them, in a few short transactions. No network, no foreign bytes, no transaction across a
// wait.
//
// What is in flight is also in the tables: whatever happens to this process or to its courier, the
// next one settles it (settle_attempts), so nothing here has to survive.
#include <algorithm>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "bgworkers/courier_link.hpp"
#include "bgworkers/job_store.hpp"
#include "bgworkers/registration.hpp"
#include "bgworkers/worker_loop.hpp"
#include "src/pg/settings.hpp"

extern "C" {
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "storage/condition_variable.h"

PGDLLEXPORT void atelier_dispatcher_main(Datum database);
}

namespace bgworkers {
namespace {

constexpr auto standing_interval = std::chrono::seconds(1);
constexpr auto lease_interval = std::chrono::seconds(10);
// Listeners hear of events at most this often.
constexpr auto notice_interval = std::chrono::milliseconds(100);
constexpr auto sent_note_delay = std::chrono::milliseconds(50);
// How long after its total time-out an attempt is given up when the courier says nothing.
constexpr auto silence_allowance = std::chrono::seconds(30);
constexpr size_t most_outcomes_per_transaction = 64;
constexpr uint64_t most_bytes_per_transaction = 32U << 20U;

uint64_t size_of(const wire::Message &outcome) {
  uint64_t bytes = 0;
  if (auto const *success = std::get_if<wire::Succeeded>(&outcome))
    for (const wire::Output &output : success->outputs)
      bytes += output.byte_count;
  return bytes;
}

// Errors that say nothing about the outcome being recorded: the same may work in a moment.
bool may_pass(const pg::Error &error) {
  int const category = ERRCODE_TO_CATEGORY(error.sqlstate());
  return category == ERRCODE_TRANSACTION_ROLLBACK || category == ERRCODE_INSUFFICIENT_RESOURCES ||
         category == ERRCODE_OPERATOR_INTERVENTION || category == ERRCODE_SYSTEM_ERROR ||
         category == ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE ||
         category == ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION;  // while being upgraded
}

class Dispatcher {
 public:
  explicit Dispatcher(shared::Database &home) : home_(home), courier_(home.courier) {}
  void run();

 private:
  void start();
  bool may_stay();
  void take_stock();
  void work();
  void record_outcomes();
  void record_batch(size_t count);
  void record_alone(wire::Message &outcome);
  void record_sent_notes();
  void announce_recordings();
  void notify_listeners();
  void claim();
  void hand_over(const wire::Submit &submit);
  void renew_leases();
  void give_up_silent_attempts();
  void sort(std::vector<wire::Message> &&messages);
  void settle(std::vector<wire::Uuid> attempts, const std::string &reason);
  void courier_ended(const std::string &how);
  Clock::time_point next_deadline() const;
  void publish();

  shared::Database &home_;
  CourierLink courier_;
  JobStore store_;
  std::unordered_map<wire::Uuid, Clock::time_point> in_flight_;  // until when to expect an answer
  std::deque<wire::Message> outcomes_;
  std::vector<SentNote> sent_notes_;
  std::vector<wire::Uuid> to_settle_;
  std::string settle_reason_;
  bool claim_now_ = true;
  Clock::time_point look_again_{};  // next look at the queue without being asked
  Clock::time_point next_standing_{};
  Clock::time_point next_lease_{};
  Clock::time_point sent_notes_due_{};
  uint32 events_notified_ = 0;
  Clock::time_point next_notice_{};
  BackOff trouble_;
};

void Dispatcher::start() {
  int64_t const settled = store_.settle_all("the dispatcher was restarted");
  if (settled > 0)
    pg::log(LOG, "settled " + std::to_string(settled) + " attempts of an earlier dispatcher");
  next_lease_ = Clock::now() + lease_interval;
  shared::set_state(home_.dispatcher, "running");
  shared::wake(shared::state().launcher);  // the janitor may start now
}

// Once a second: does the database still want us?
bool Dispatcher::may_stay() {
  if (Clock::now() < next_standing_) return true;
  next_standing_ = Clock::now() + standing_interval;
  Standing const standing = standing_of_database();
  if (standing == Standing::absent) shared::set_state(home_.dispatcher, "absent");
  return standing == Standing::present;
}

void Dispatcher::run() {
  if (!may_stay()) return;
  bool started = false;
  MemoryContext const scratch = pg::call([] {
    return AllocSetContextCreate(TopMemoryContext, "dispatcher turn", ALLOCSET_DEFAULT_SIZES);
  });
  while (may_stay()) {
    MemoryContextSwitchTo(scratch);
    MemoryContextReset(scratch);
    reload_configuration_if_asked();
    if (trouble_.due()) {
      try {
        if (!started) start();
        started = true;
        work();
        trouble_.succeeded();
      } catch (const pg::Error &error) {
        pg::log(error);
        trouble_.failed();
        next_standing_ = {};  // perhaps the extension is gone
      }
    }
    auto const ended = courier_.wait(until(next_deadline()));
    if (courier_.take_woken()) claim_now_ = true;
    sort(courier_.take_messages());
    if (ended) courier_ended(*ended);
  }
}

void Dispatcher::work() {
  settle(std::exchange(to_settle_, {}), settle_reason_);
  record_outcomes();
  record_sent_notes();
  notify_listeners();
  give_up_silent_attempts();
  renew_leases();
  if (!courier_.keep_running()) return;
  claim();
}

void Dispatcher::sort(std::vector<wire::Message> &&messages) {
  for (wire::Message &message : messages) {
    if (auto const *sent = std::get_if<wire::Sent>(&message)) {
      if (sent_notes_.empty()) sent_notes_due_ = Clock::now() + sent_note_delay;
      sent_notes_.push_back({sent->attempt, sent->at_us});
    } else if (attempt_of(message) != nullptr) {
      outcomes_.push_back(std::move(message));
    }
  }
}

void Dispatcher::record_outcomes() {
  while (!outcomes_.empty()) {
    size_t count = 0;
    uint64_t bytes = 0;
    while (count < outcomes_.size() && count < most_outcomes_per_transaction) {
      bytes += size_of(outcomes_[count]);
      if (count > 0 && bytes > most_bytes_per_transaction) break;
      ++count;
    }
    record_batch(count);
    announce_recordings();
    claim_now_ = true;  // slots are free
  }
}

// Many results, one commit; when one of them is poison, each is recorded alone.
void Dispatcher::record_batch(size_t count) {
  bool together = count > 1;
  if (together) {
    try {
      pg::Transaction transaction("recording outcomes");
      for (size_t i = 0; i < count; ++i)
        store_.record(transaction, outcomes_[i]);
      transaction.commit();
    } catch (const pg::Error &error) {
      if (may_pass(error)) throw;
      together = false;
    } catch (const pg::Failure &) {
      together = false;
    }
  }
  for (size_t i = 0; i < count; ++i) {
    if (!together) record_alone(outcomes_.front());
    if (!std::holds_alternative<wire::Submitted>(outcomes_.front()))
      in_flight_.erase(*attempt_of(outcomes_.front()));
    outcomes_.pop_front();
  }
}

void Dispatcher::record_alone(wire::Message &outcome) {
  std::string problem;
  try {
    pg::Transaction transaction("recording an outcome");
    store_.record(transaction, outcome);
    transaction.commit();
    return;
  } catch (const pg::Error &error) {
    if (may_pass(error)) throw;
    pg::log(error);
    problem = error.what();
  } catch (const pg::Failure &failure) {
    pg::log(WARNING, failure.what());
    problem = failure.what();
  }
  pg::Transaction transaction("recording a failure");
  store_.record_internal_failure(transaction, *attempt_of(outcome), problem);
  transaction.commit();
}

void Dispatcher::announce_recordings() {
  pg_atomic_fetch_add_u32(&home_.recordings, 1);
  pg::call([&] { ConditionVariableBroadcast(&home_.job_recorded); });
}

void Dispatcher::notify_listeners() {
  uint32 const written = pg_atomic_read_u32(&home_.events_written);
  if (written == events_notified_ || Clock::now() < next_notice_) return;
  store_.notify_listeners();
  events_notified_ = written;
  next_notice_ = Clock::now() + notice_interval;
}

// A note is worth a transaction only when the answer takes longer than that.
void Dispatcher::record_sent_notes() {
  std::erase_if(sent_notes_,
                [&](const SentNote &note) { return !in_flight_.contains(note.attempt); });
  if (sent_notes_.empty() || Clock::now() < sent_notes_due_) return;
  store_.record_sent(sent_notes_);
  sent_notes_.clear();
}

void Dispatcher::claim() {
  if (!claim_now_ && Clock::now() < look_again_) return;
  int const free_slots = settings::max_in_flight - static_cast<int>(in_flight_.size());
  claim_now_ = false;
  look_again_ = Clock::now() + std::chrono::milliseconds(settings::poll_interval_ms);
  Claimed claimed = store_.claim(std::max(free_slots, 0), !in_flight_.empty());
  for (const wire::Submit &submit : claimed.submits)
    hand_over(submit);
  for (const wire::Uuid &attempt : claimed.to_cancel)
    if (in_flight_.contains(attempt)) courier_.send(wire::encode(wire::Cancel{attempt}));
  if (claimed.next_wake_us) {
    auto const left = std::chrono::microseconds(*claimed.next_wake_us - pg::now_us());
    look_again_ =
        std::min(look_again_, Clock::now() + std::max(left, std::chrono::microseconds(0)) +
                                  std::chrono::milliseconds(1));
  }
  publish();
}

void Dispatcher::hand_over(const wire::Submit &submit) {
  in_flight_[submit.attempt] = Clock::now() + silence_allowance +
                               std::chrono::milliseconds(submit.connect_timeout_ms) +
                               std::chrono::milliseconds(submit.total_timeout_ms);
  try {
    courier_.send(wire::encode(submit));
  } catch (const wire::ProtocolError &error) {
    wire::Failed failure;
    failure.attempt = submit.attempt;
    failure.error_class = wire::ErrorClass::invalid_input;
    failure.message = std::string("the request cannot be sent: ") + error.what();
    outcomes_.emplace_back(std::move(failure));
  }
}

void Dispatcher::publish() {
  shared::set_state(home_.dispatcher, "running",
                    std::to_string(in_flight_.size()) + " attempts in flight");
}

void Dispatcher::renew_leases() {
  if (Clock::now() < next_lease_) return;
  next_lease_ = Clock::now() + lease_interval;
  if (in_flight_.empty()) return;
  std::vector<wire::Uuid> attempts;
  for (auto const &entry : in_flight_)
    attempts.push_back(entry.first);
  store_.renew_leases(attempts);
}

void Dispatcher::give_up_silent_attempts() {
  std::vector<wire::Uuid> silent;
  for (auto const &[attempt, expected] : in_flight_)
    if (Clock::now() > expected) silent.push_back(attempt);
  if (silent.empty()) return;
  if (courier_.running())
    for (const wire::Uuid &attempt : silent)
      courier_.send(wire::encode(wire::Cancel{attempt}));
  settle(silent, "the courier gave no answer");
}

void Dispatcher::settle(std::vector<wire::Uuid> attempts, const std::string &reason) {
  if (attempts.empty()) return;
  try {
    store_.settle(attempts, reason);
  } catch (const pg::Error &) {
    to_settle_ = std::move(attempts);
    settle_reason_ = reason;
    throw;
  }
  for (const wire::Uuid &attempt : attempts)
    in_flight_.erase(attempt);
  announce_recordings();
  claim_now_ = true;
}

// Answers that arrived before the end still count; the rest is settled at the next turn.
void Dispatcher::courier_ended(const std::string &how) {
  for (auto const &entry : in_flight_) {
    bool const answered =
        std::any_of(outcomes_.begin(), outcomes_.end(), [&](const wire::Message &outcome) {
          return *attempt_of(outcome) == entry.first &&
                 !std::holds_alternative<wire::Submitted>(outcome);
        });
    if (!answered) to_settle_.push_back(entry.first);
  }
  settle_reason_ = how;
}

Clock::time_point Dispatcher::next_deadline() const {
  auto next = std::min(next_standing_, next_lease_);
  if (!trouble_.due()) return std::min(next, trouble_.not_before());
  if (!outcomes_.empty() || !to_settle_.empty()) return Clock::now();
  if (!sent_notes_.empty()) next = std::min(next, sent_notes_due_);
  if (pg_atomic_read_u32(&home_.events_written) != events_notified_)
    next = std::min(next, next_notice_);
  if (!courier_.running()) return std::min(next, courier_.restart_at());
  if (claim_now_) return Clock::now();
  return std::min(next, look_again_);
}

}  // namespace
}  // namespace bgworkers

void atelier_dispatcher_main(Datum argument) {
  bgworkers::install_signal_handlers();
  pg::entry([&] {
    Oid const database = DatumGetObjectId(argument);
    bgworkers::connect_to(database, bgworkers::role_of_this_worker());
    shared::Database *const home = shared::find_or_add(database);
    if (home == nullptr)
      throw pg::Failure(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED,
                        "too many databases have the extension");
    shared::Registration const place(home->dispatcher, "dispatcher");
    bgworkers::Dispatcher(*home).run();
  });
}
