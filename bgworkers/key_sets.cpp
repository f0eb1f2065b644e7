#include "bgworkers/key_sets.hpp"

#include <algorithm>

#include "src/pg/settings.hpp"
#include "src/pg/spi.hpp"
#include "src/pg/transaction.hpp"

namespace bgworkers {
namespace {

// Until the database is updated there is nothing to call.
pg::Statement knows_key_sets(
    "select exists (select from pg_catalog.pg_proc p where p.proname = 'claim_key_sets')");
pg::Statement claim_key_sets("select * from atelier_engine.claim_key_sets($1)");
pg::Statement next_key_set_at("select atelier_engine.next_key_set_at()");
pg::Statement record_key_set("select atelier_engine.record_key_set($1, $2, $3)");

constexpr uint64_t max_answer_bytes = uint64_t{64} << 10U;

// The columns of claim_key_sets(), in order.
enum Column {
  inquiry_id = 1,
  provider_id,
  url,
  connect_timeout_ms,
  total_timeout_ms,
  private_network
};

wire::Submit submit_from(const pg::Statement::Rows &rows, uint64_t row) {
  wire::Submit out;
  out.purpose = wire::Purpose::probe;
  out.adapter = "json_document";
  out.attempt = rows.uuid(row, inquiry_id);
  out.url = rows.text(row, url);
  out.connect_timeout_ms = static_cast<uint32_t>(rows.integer(row, connect_timeout_ms));
  out.total_timeout_ms = static_cast<uint32_t>(rows.integer(row, total_timeout_ms));
  out.max_output_bytes = max_answer_bytes;
  out.private_network = rows.boolean(row, private_network);
  return out;
}

}  // namespace

void KeySets::send_due(CourierLink &courier) {
  uint32 const missed = pg_atomic_read_u32(&home_.missed_keys);
  if (missed == missed_ && Clock::now() < next_look_) return;
  for (const wire::Submit &submit : claim(missed != missed_))
    courier.send(wire::encode(submit));
  courier.flush();
  missed_ = missed;
}

std::vector<wire::Submit> KeySets::claim(bool was_missed) {
  std::vector<wire::Submit> submits;
  next_look_ = Clock::now() + std::chrono::milliseconds(settings::poll_interval_ms);
  pg::Transaction transaction("looking for keys to fetch");
  if (knows_key_sets.run({}).boolean(0, 1)) {
    auto const rows = claim_key_sets.run({pg::boolean(was_missed)});
    for (uint64_t row = 0; row < rows.size(); ++row) {
      submits.push_back(submit_from(rows, row));
      asked_.emplace(submits.back().attempt, rows.uuid(row, provider_id));
    }
    if (auto const due_us = next_key_set_at.run({}).timestamp(0, 1)) {
      auto const left = std::chrono::microseconds(std::max(*due_us - pg::now_us(), int64_t{0}));
      next_look_ = std::min(next_look_, Clock::now() + left);
    }
  }
  transaction.commit();
  return submits;
}

bool KeySets::take(const wire::Message &message) {
  if (asked_.empty()) return false;
  if (auto const *const sent = std::get_if<wire::Sent>(&message))
    return asked_.contains(sent->attempt);
  if (auto const *const success = std::get_if<wire::Succeeded>(&message)) {
    auto const question = asked_.extract(success->attempt);
    if (question) answers_.push_back({question.mapped(), success->result, ""});
    return !question.empty();
  }
  if (auto const *const failure = std::get_if<wire::Failed>(&message)) {
    auto const question = asked_.extract(failure->attempt);
    if (question) answers_.push_back({question.mapped(), "", failure->message});
    return !question.empty();
  }
  return false;
}

void KeySets::record() {
  if (answers_.empty()) return;
  pg::Transaction transaction("recording keys");
  for (const Answer &answer : answers_)
    record_key_set.run({pg::uuid(answer.provider),
                        answer.keys.empty() ? pg::null(TEXTOID) : pg::text(answer.keys),
                        answer.problem.empty() ? pg::null(TEXTOID) : pg::text(answer.problem)});
  transaction.commit();
  answers_.clear();
}

void KeySets::courier_ended() {
  for (const auto &[question, provider] : asked_)
    answers_.push_back({provider, "", "the courier ended"});
  asked_.clear();
}

}  // namespace bgworkers
