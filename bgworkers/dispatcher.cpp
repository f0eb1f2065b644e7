// The dispatcher: one per database. It claims jobs, hands them to its courier and records what
// came of them, in a few short transactions. No network, no foreign bytes, no transaction across a
// wait.
//
// What is in flight is also in the tables: whatever happens to this process or to its courier, the
// next one settles it (settle_attempts), so nothing here has to survive.
#include <algorithm>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "bgworkers/courier_link.hpp"
#include "bgworkers/inquiries.hpp"
#include "bgworkers/job_store.hpp"
#include "bgworkers/key_sets.hpp"
#include "bgworkers/registration.hpp"
#include "bgworkers/spoken_texts.hpp"
#include "bgworkers/wall_clock.hpp"
#include "bgworkers/webhooks.hpp"
#include "bgworkers/worker_loop.hpp"
#include "src/pg/settings.hpp"

extern "C" {
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "storage/condition_variable.h"
#include "utils/plancache.h"

PGDLLEXPORT void atelier_dispatcher_main(Datum database);
}

namespace bgworkers {
namespace {

constexpr auto standing_interval = std::chrono::seconds(1);
constexpr auto lease_interval = std::chrono::seconds(10);
// Listeners hear of events at most this often.
constexpr auto notice_interval = std::chrono::milliseconds(100);
constexpr auto sent_note_delay = std::chrono::milliseconds(30);
// How long after its total time-out an attempt is given up when the courier says nothing.
constexpr auto silence_allowance = std::chrono::seconds(30);
constexpr auto silence_check_interval = std::chrono::seconds(1);
constexpr uint64_t most_bytes_per_transaction = 32U << 20U;

uint64_t size_of(const wire::Message &outcome) {
  uint64_t bytes = 0;
  if (auto const *success = std::get_if<wire::Succeeded>(&outcome))
    for (const wire::Output &output : success->outputs)
      bytes += output.byte_count;
  return bytes;
}

// How much goes into one transaction: as much as takes some hundredths of a second, so that no lock
// is held for long, however slow the machine is just then.
class BatchSize {
 public:
  size_t most() const noexcept { return most_; }

  void took(size_t count, Clock::duration time) noexcept {
    if (time > longest)
      most_ = std::max(most_ / 2, fewest);
    else if (count >= most_ && time < longest / 2)
      most_ = std::min(most_ * 2, most_ever);
  }

 private:
  static constexpr auto longest = std::chrono::milliseconds(70);
  static constexpr size_t fewest = 16;
  static constexpr size_t most_ever = 512;
  size_t most_ = 128;
};

// A plan that was made while a table was nearly empty reads all of it when it has grown. So plans
// are made anew now and then, and soon when a batch took longer than it should.
class PlanAge {
 public:
  void took(size_t count, Clock::duration time) noexcept {
    used_ = true;
    if (time > std::chrono::milliseconds(5) + count * std::chrono::microseconds(150)) slow_ = true;
  }

  void forget_old_plans() {
    auto const age = Clock::now() - made_;
    if (!used_ || age < (slow_ ? shortest_life : longest_life)) return;
    pg::call([] { ResetPlanCache(); });
    made_ = Clock::now();
    used_ = slow_ = false;
  }

 private:
  static constexpr auto shortest_life = std::chrono::milliseconds(100);
  static constexpr auto longest_life = std::chrono::seconds(5);
  Clock::time_point made_{};
  bool used_ = false;
  bool slow_ = false;
};

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
  explicit Dispatcher(shared::Database &home)
      : home_(home), courier_(home.courier), key_sets_(home), webhooks_(home) {}
  void run();

 private:
  void start();
  bool may_stay();
  void work();
  void follow_clock();
  void write_texts();
  void record_outcomes();
  void record(std::span<const wire::Message> batch);
  void record_alone(const wire::Message &outcome);
  void recorded(std::span<const wire::Message> batch);
  size_t next_batch() const;
  void record_sent_notes();
  void announce_recordings();
  void notify_listeners();
  void claim();
  void hand_over(const wire::Submit &submit);
  size_t claim_up_to(int wanted);
  bool looked_in_vain_just_now();
  void find_next_look();
  void cancel();
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
  WallClock wall_clock_;
  Inquiries inquiries_;
  KeySets key_sets_;
  Webhooks webhooks_;
  std::unordered_map<wire::Uuid, Clock::time_point> in_flight_;  // until when to expect an answer
  std::vector<wire::Message> outcomes_;
  size_t recorded_count_ = 0;  // of outcomes_, from its beginning
  BatchSize record_size_;
  BatchSize claim_size_;
  PlanAge plans_;
  std::vector<SentNote> sent_notes_;
  SpokenTexts texts_;
  std::vector<wire::Uuid> to_settle_;
  std::string settle_reason_;
  bool claim_now_ = true;
  int looks_in_vain_ = 0;  // in a row
  Clock::time_point last_look_{};
  Clock::time_point look_again_{};  // next look at the queue without being asked
  uint32 cancellations_ = 0;        // as many were asked for when we looked
  Clock::time_point next_cancel_look_{};
  Clock::time_point next_standing_{};
  Clock::time_point next_lease_{};
  Clock::time_point sent_notes_due_{};
  uint32 events_notified_ = 0;
  Clock::time_point next_notice_{};
  Clock::time_point next_silence_check_{};
  BackOff trouble_;
  bool in_trouble_ = false;  // and everybody who asks can see it
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
        if (std::exchange(in_trouble_, false)) publish();
      } catch (const pg::Error &error) {
        pg::log(error);
        trouble_.failed();
        in_trouble_ = true;
        shared::set_state(home_.dispatcher, "failing", error.what());
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
  plans_.forget_old_plans();
  follow_clock();
  write_texts();
  settle(std::exchange(to_settle_, {}), settle_reason_);
  record_outcomes();
  record_sent_notes();
  notify_listeners();
  give_up_silent_attempts();
  renew_leases();
  if (inquiries_.record()) claim_now_ = true;
  key_sets_.record();
  if (!courier_.keep_running()) return;
  if (webhooks_.follow(courier_)) inquiries_.look_soon();
  key_sets_.send_due(courier_);
  inquiries_.send_due(courier_);  // before a claim lets a job through where a breaker opens
  claim();
}

void Dispatcher::follow_clock() {
  int64_t const step_us = wall_clock_.step_us();
  if (step_us == 0) return;
  pg::log(LOG, "the clock was set by " + std::to_string(step_us / 1'000'000) + " s");
  store_.follow_clock(step_us);
  wall_clock_.followed(step_us);
  inquiries_.follow_clock(step_us);
  claim_now_ = true;
}

void Dispatcher::sort(std::vector<wire::Message> &&messages) {
  for (wire::Message &message : messages) {
    if (inquiries_.take(message) || key_sets_.take(message)) continue;
    if (auto const *sent = std::get_if<wire::Sent>(&message)) {
      if (sent_notes_.empty()) sent_notes_due_ = Clock::now() + sent_note_delay;
      sent_notes_.push_back({sent->attempt, sent->at_us});
    } else if (auto const *progress = std::get_if<wire::Progress>(&message)) {
      shared::set_progress(progress->attempt.bytes.data(), progress->fraction);
    } else if (auto const *delta = std::get_if<wire::Delta>(&message)) {
      if (in_flight_.contains(delta->attempt)) texts_.take(*delta);
    } else if (attempt_of(message) != nullptr) {
      outcomes_.push_back(std::move(message));
    }
  }
}

// Before what they are part of has ended.
void Dispatcher::write_texts() {
  if (texts_.empty()) return;
  auto const ends = [this](const wire::Message &outcome) {
    return texts_.has(*attempt_of(outcome));
  };
  bool const has_ended = std::any_of(outcomes_.begin(), outcomes_.end(), ends) ||
                         std::any_of(to_settle_.begin(), to_settle_.end(),
                                     [this](const wire::Uuid &lost) { return texts_.has(lost); });
  if (!has_ended && Clock::now() < texts_.due()) return;
  texts_.write();
  announce_recordings();
}

void Dispatcher::record_outcomes() {
  while (recorded_count_ < outcomes_.size()) {
    record(std::span(outcomes_).subspan(recorded_count_, next_batch()));
    announce_recordings();
    claim_now_ = true;  // slots are free
  }
  outcomes_.clear();
  recorded_count_ = 0;
}

size_t Dispatcher::next_batch() const {
  size_t const left = outcomes_.size() - recorded_count_;
  size_t count = 0;
  uint64_t bytes = 0;
  while (count < left && count < record_size_.most()) {
    bytes += size_of(outcomes_[recorded_count_ + count]);
    if (count > 0 && bytes > most_bytes_per_transaction) break;
    ++count;
  }
  return count;
}

// Many results, one commit. When one of them is poison, halving finds it.
void Dispatcher::record(std::span<const wire::Message> batch) {
  if (batch.size() == 1) return record_alone(batch.front());
  try {
    auto const start = Clock::now();
    pg::Transaction transaction("recording outcomes");
    store_.record(transaction, batch);
    transaction.commit();
    record_size_.took(batch.size(), Clock::now() - start);
    plans_.took(batch.size(), Clock::now() - start);
    return recorded(batch);
  } catch (const pg::Error &error) {
    if (may_pass(error)) throw;
  } catch (const pg::Failure &) {
  }
  size_t const half = batch.size() / 2;
  record(batch.first(half));
  record(batch.subspan(half));
}

void Dispatcher::record_alone(const wire::Message &outcome) {
  std::string problem;
  try {
    pg::Transaction transaction("recording an outcome");
    store_.record(transaction, {&outcome, 1});
    transaction.commit();
    return recorded({&outcome, 1});
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
  recorded({&outcome, 1});
}

void Dispatcher::recorded(std::span<const wire::Message> batch) {
  recorded_count_ += batch.size();
  for (const wire::Message &outcome : batch) {
    if (std::holds_alternative<wire::Submitted>(outcome)) {
      webhooks_.know_one_more();
    } else {
      in_flight_.erase(*attempt_of(outcome));
      texts_.forget(*attempt_of(outcome));
    }
    if (std::holds_alternative<wire::Failed>(outcome)) inquiries_.look_soon();
  }
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

// What is claimed leaves at once; everything else about the queue can wait until then.
void Dispatcher::claim() {
  if ((claim_now_ || Clock::now() >= look_again_) && !looked_in_vain_just_now()) {
    int const free_slots = settings::max_in_flight - static_cast<int>(in_flight_.size());
    int const wanted = std::min(std::max(free_slots, 0), static_cast<int>(claim_size_.most()));
    size_t const got = claim_up_to(wanted);
    looks_in_vain_ = got == 0 ? looks_in_vain_ + 1 : 0;
    last_look_ = Clock::now();
    // Where there was as much as could be taken, there may be more.
    claim_now_ = got > 0 && got == static_cast<size_t>(wanted) && wanted < free_slots;
    if (!claim_now_) find_next_look();
  }
  cancel();
}

// Who queues jobs wakes us each time, also while all that could carry them is busy.
bool Dispatcher::looked_in_vain_just_now() {
  constexpr int patience = 3;
  constexpr auto pause = std::chrono::milliseconds(10);
  if (looks_in_vain_ < patience || Clock::now() >= last_look_ + pause) return false;
  look_again_ = std::min(look_again_, last_look_ + pause);
  claim_now_ = false;
  return true;
}

size_t Dispatcher::claim_up_to(int wanted) {
  if (wanted == 0) return 0;
  auto const start = Clock::now();
  auto const submits = store_.claim(wanted);
  claim_size_.took(submits.size(), Clock::now() - start);
  plans_.took(submits.size(), Clock::now() - start);
  for (const wire::Submit &submit : submits)
    hand_over(submit);
  courier_.flush();
  publish();
  return submits.size();
}

void Dispatcher::find_next_look() {
  look_again_ = Clock::now() + std::chrono::milliseconds(settings::poll_interval_ms);
  if (in_flight_.size() >= static_cast<size_t>(settings::max_in_flight)) return;
  auto const wake_us = store_.next_wake_us();
  if (!wake_us) return;
  auto const left = std::chrono::microseconds(std::max(*wake_us - pg::now_us(), int64_t{0}));
  look_again_ = std::min(look_again_, Clock::now() + left + std::chrono::milliseconds(1));
}

// When somebody asked for it; and now and then, in case that was not heard.
void Dispatcher::cancel() {
  uint32 const asked = pg_atomic_read_u32(&home_.cancellations);
  if (in_flight_.empty() || (asked == cancellations_ && Clock::now() < next_cancel_look_)) return;
  for (const wire::Uuid &attempt : store_.to_cancel())
    if (in_flight_.contains(attempt)) courier_.send(wire::encode(wire::Cancel{attempt}));
  courier_.flush();
  cancellations_ = asked;
  next_cancel_look_ = Clock::now() + std::chrono::milliseconds(settings::poll_interval_ms);
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
  if (Clock::now() < next_silence_check_) return;
  next_silence_check_ = Clock::now() + silence_check_interval;
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
  for (const wire::Uuid &attempt : attempts) {
    in_flight_.erase(attempt);
    texts_.forget(attempt);
  }
  announce_recordings();
  inquiries_.look_soon();
  claim_now_ = true;
}

// Answers that arrived before the end still count; the rest is settled at the next turn.
void Dispatcher::courier_ended(const std::string &how) {
  std::unordered_set<wire::Uuid> answered;
  for (const wire::Message &outcome : std::span(outcomes_).subspan(recorded_count_))
    if (!std::holds_alternative<wire::Submitted>(outcome)) answered.insert(*attempt_of(outcome));
  for (auto const &entry : in_flight_)
    if (!answered.contains(entry.first)) to_settle_.push_back(entry.first);
  settle_reason_ = how;
  inquiries_.courier_ended();
  key_sets_.courier_ended();
}

Clock::time_point Dispatcher::next_deadline() const {
  auto next = std::min(next_standing_, next_lease_);
  if (!trouble_.due()) return std::min(next, trouble_.not_before());
  if (!outcomes_.empty() || !to_settle_.empty() || inquiries_.has_answers() ||
      key_sets_.has_answers())
    return Clock::now();
  if (!sent_notes_.empty()) next = std::min(next, sent_notes_due_);
  next = std::min(next, texts_.due());
  if (pg_atomic_read_u32(&home_.events_written) != events_notified_)
    next = std::min(next, next_notice_);
  if (!courier_.running()) return std::min(next, courier_.restart_at());
  if (claim_now_) return Clock::now();
  return std::min({next, look_again_, inquiries_.next_look(), key_sets_.next_look()});
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
