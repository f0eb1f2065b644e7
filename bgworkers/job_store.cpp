#include <array>
#include <cerrno>
#include <unistd.h>

#include <nlohmann/json.hpp>  // before postgres.h, which redefines snprintf

#include "bgworkers/job_store.hpp"
#include "bgworkers/runner_address.hpp"
#include "src/functions/provider_secrets.hpp"

namespace bgworkers {
namespace {

constexpr size_t chunk_bytes = size_t{256} * 1024;

pg::Statement claim_jobs("select * from atelier_engine.claim_jobs($1)");
pg::Statement cancel_requests("select attempt_id from atelier_engine.cancel_requests()");
pg::Statement next_wake_at("select atelier_engine.next_wake_at()");
pg::Statement record_sent_sql("select atelier_engine.record_sent($1, $2)");
pg::Statement open_result("select atelier_engine.open_result($1)");
pg::Statement begin_object("select atelier_engine.begin_object($1, $2, $3, $4, $5, $6)");
pg::Statement append_chunk("select atelier_engine.append_object_chunk($1, $2, $3)");
pg::Statement record_successes(
    "select atelier_engine.record_successes($1, $2, $3, $4, $5, $6, $7, $8)");
// Only until the database is updated, too: 0.1.0 records them one by one.
pg::Statement knows_record_successes(
    "select exists (select from pg_catalog.pg_proc p where p.proname = 'record_successes')");
pg::Statement record_success("select atelier_engine.record_success($1, $2, $3, $4, $5, $6, $7)");
pg::Statement record_failure(
    "select atelier_engine.record_failure($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)");
pg::Statement knows_note_rates(
    "select exists (select from pg_catalog.pg_proc p where p.proname = 'note_rates')");
pg::Statement note_rates("select atelier_engine.note_rates($1)");
pg::Statement record_submitted("select atelier_engine.record_submitted($1, $2)");
pg::Statement record_cancelled("select atelier_engine.record_cancelled($1)");
pg::Statement renew_leases_sql("select atelier_engine.renew_leases($1)");
// 0.1.0 does not know it.
pg::Statement knows_follow_clock(
    "select exists (select from pg_catalog.pg_proc p where p.proname = 'follow_clock')");
pg::Statement follow_clock_sql("select atelier_engine.follow_clock($1)");
pg::Statement notify_events("select pg_catalog.pg_notify('atelier_events', '')");
pg::Statement settle_attempts("select atelier_engine.settle_attempts($1, $2)");

// The columns of claim_jobs(), in order.
enum Column {
  attempt_id = 1,
  job_id,
  adapter,
  url,
  model,
  parameters,
  secret,
  auth_header,
  connect_timeout_ms,
  first_byte_timeout_ms,
  total_timeout_ms,
  max_output_bytes,
  private_network,
  adapter_options,
  repeatable,
  token_id,
  sealed_secret,
  webhook_url
};

wire::Submit submit_from(const pg::Statement::Rows &rows, uint64_t row) {
  wire::Submit out;
  out.attempt = rows.uuid(row, attempt_id);
  out.adapter = rows.text(row, adapter);
  out.url = resolve_base_url(rows.text(row, url));
  out.model = rows.text(row, model);
  out.parameters = rows.text(row, parameters);
  out.secret = rows.text(row, secret);
  out.auth_header = rows.text(row, auth_header);
  out.connect_timeout_ms = static_cast<uint32_t>(rows.integer(row, connect_timeout_ms));
  out.first_byte_timeout_ms = static_cast<uint32_t>(rows.integer(row, first_byte_timeout_ms));
  out.total_timeout_ms = static_cast<uint32_t>(rows.integer(row, total_timeout_ms));
  out.max_output_bytes = static_cast<uint64_t>(rows.integer(row, max_output_bytes));
  out.private_network = rows.boolean(row, private_network);
  out.options = rows.text(row, adapter_options);
  out.repeatable = rows.boolean(row, repeatable);
  out.webhook_url = rows.text(row, webhook_url);
  return out;
}

std::string hex(const std::array<uint8_t, 32> &digest) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (uint8_t const byte : digest) {
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
  }
  return out;
}

// Reads the next part of a picture; short only at the end of the file.
size_t read_chunk(int file, char *to, uint64_t offset) {
  size_t got = 0;
  while (got < chunk_bytes) {
    ssize_t const n = pread(file, to + got, chunk_bytes - got, static_cast<off_t>(offset + got));
    if (n == 0) break;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw pg::Failure(ERRCODE_IO_ERROR, "could not read a courier's spool file");
    got += static_cast<size_t>(n);
  }
  return got;
}

// A picture of many chunks must not pile up in memory until the commit.
class ScratchMemory {
 public:
  ScratchMemory()
      : own_(pg::call([] {
          return AllocSetContextCreate(CurrentMemoryContext, "object chunks",
                                       ALLOCSET_DEFAULT_SIZES);
        })),
        outer_(MemoryContextSwitchTo(own_)) {}
  ~ScratchMemory() {
    MemoryContextSwitchTo(outer_);
    MemoryContextDelete(own_);
  }
  ScratchMemory(const ScratchMemory &) = delete;
  ScratchMemory &operator=(const ScratchMemory &) = delete;
  void reset() { MemoryContextReset(own_); }

 private:
  MemoryContext const own_;
  MemoryContext const outer_;
};

wire::Uuid store_object(const wire::Uuid &attempt, const wire::Output &output) {
  auto const rows = begin_object.run(
      {pg::uuid(attempt), pg::int4(static_cast<int32_t>(output.index)), pg::text(output.media_type),
       pg::text(output.extension), pg::int8(static_cast<int64_t>(output.byte_count)),
       pg::bytes(output.sha256.data(), output.sha256.size())});
  wire::Uuid const object = rows.uuid(0, 1);

  std::vector<char> buffer(chunk_bytes);
  ScratchMemory scratch;
  int32_t sequence = 0;
  for (uint64_t offset = 0; offset < output.byte_count; ++sequence) {
    size_t const size = read_chunk(output.file.get(), buffer.data(), offset);
    if (size == 0) throw pg::Failure(ERRCODE_DATA_CORRUPTED, "a courier's spool file is too short");
    append_chunk.run({pg::uuid(object), pg::int4(sequence), pg::bytes(buffer.data(), size)});
    offset += size;
    scratch.reset();
  }
  return object;
}

nlohmann::json describe(const wire::Output &output, const wire::Uuid &object) {
  nlohmann::json out = {{"index", output.index},           {"object_id", object.to_string()},
                        {"media_type", output.media_type}, {"extension", output.extension},
                        {"byte_count", output.byte_count}, {"sha256", hex(output.sha256)}};
  if (output.width > 0) out["width"] = output.width;
  if (output.height > 0) out["height"] = output.height;
  if (output.duration_ms > 0) out["duration_ms"] = output.duration_ms;
  if (output.seed >= 0) out["seed"] = output.seed;
  return out;
}

// The outputs of an attempt as record_successes() wants them; "" when it has none.
std::string store_outputs(const wire::Succeeded &success) {
  if (success.outputs.empty()) return "";
  nlohmann::json outputs = nlohmann::json::array();
  if (open_result.run({pg::uuid(success.attempt)}).boolean(0, 1))  // else superseded
    for (const wire::Output &output : success.outputs)
      outputs.push_back(describe(output, store_object(success.attempt, output)));
  return outputs.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// What record_successes() takes: one array for each of its arguments.
class Successes {
 public:
  std::vector<wire::Uuid> attempts;
  std::vector<std::string> outputs;
  std::vector<std::string> results;
  std::vector<std::string> metadata;
  std::vector<int64_t> started_us;
  std::vector<int64_t> sent_us;
  std::vector<int64_t> first_byte_us;
  std::vector<int64_t> finished_us;

  void add(const wire::Succeeded &success) {
    attempts.push_back(success.attempt);
    outputs.push_back(store_outputs(success));
    results.push_back(success.result);
    metadata.push_back(success.metadata.empty() ? "{}" : success.metadata);
    started_us.push_back(success.timings.started_us);
    sent_us.push_back(success.timings.sent_us);
    first_byte_us.push_back(success.timings.first_byte_us);
    finished_us.push_back(success.timings.finished_us);
  }

  void record() const {
    if (attempts.empty()) return;
    static bool at_once = false;
    at_once = at_once || knows_record_successes.run({}).boolean(0, 1);
    if (at_once)
      record_at_once();
    else
      record_one_by_one();
  }

 private:
  void record_at_once() const {
    record_successes.run({pg::uuid_array(attempts), pg::jsonb_array(outputs),
                          pg::jsonb_array(results), pg::jsonb_array(metadata),
                          pg::timestamp_array(started_us), pg::timestamp_array(sent_us),
                          pg::timestamp_array(first_byte_us), pg::timestamp_array(finished_us)});
  }

  void record_one_by_one() const {
    for (size_t i = 0; i < attempts.size(); ++i)
      record_success.run({pg::uuid(attempts[i]), pg::jsonb(outputs[i]), pg::jsonb(metadata[i]),
                          pg::timestamp(started_us[i]), pg::timestamp(sent_us[i]),
                          pg::timestamp(first_byte_us[i]), pg::timestamp(finished_us[i])});
  }
};

// What the headers of answers say about how many more requests their servers take.
class RateReports {
 public:
  void add(const wire::Uuid &attempt, const wire::RateLimit &rate, const wire::Timings &timings) {
    if (rate.reset_ms == 0) return;
    reports_.push_back({{"attempt_id", attempt.to_string()},
                        {"remaining", rate.remaining},
                        {"reset_ms", rate.reset_ms},
                        {"at_us", timings.first_byte_us}});
  }

  void record() const {
    if (reports_.empty()) return;
    static bool known = false;  // not until the database is updated, too
    known = known || knows_note_rates.run({}).boolean(0, 1);
    if (known) note_rates.run({pg::jsonb(reports_.dump())});
  }

 private:
  nlohmann::json reports_ = nlohmann::json::array();
};

void record(const wire::Failed &outcome) {
  record_failure.run(
      {pg::uuid(outcome.attempt), pg::text(wire::error_class_name(outcome.error_class)),
       outcome.http_status == 0 ? pg::null(INT4OID) : pg::int4(outcome.http_status),
       pg::text(outcome.message), pg::text(outcome.detail),
       outcome.retry_after_ms == 0 ? pg::null(INT4OID)
                                   : pg::int4(static_cast<int32_t>(outcome.retry_after_ms)),
       pg::boolean(outcome.request_sent), pg::timestamp(outcome.timings.started_us),
       pg::timestamp(outcome.timings.sent_us), pg::timestamp(outcome.timings.first_byte_us),
       pg::timestamp(outcome.timings.finished_us)});
}

// Puts the secret into a request. Claims leave out tokens whose key is missing, so one that does
// not open was tampered with: that is recorded as a refusal of the token, and nothing is sent.
bool unseal(provider_secrets::Reader &secrets, const pg::Statement::Rows &rows, uint64_t row,
            wire::Submit &submit) {
  std::vector<uint8_t> const sealed = rows.bytes(row, sealed_secret);
  if (sealed.empty()) return true;
  try {
    submit.secret = secrets.open(rows.uuid(row, token_id), sealed);
    return true;
  } catch (const secrets::Problem &problem) {
    wire::Failed failure;
    failure.attempt = submit.attempt;
    failure.error_class = wire::ErrorClass::auth;
    failure.message = problem.what();
    record(failure);
    return false;
  }
}

}  // namespace

std::vector<wire::Submit> JobStore::claim(int most) {
  std::vector<wire::Submit> submits;
  pg::Transaction transaction("claiming jobs");
  auto const rows = claim_jobs.run({pg::int4(most)});
  provider_secrets::Reader secrets;
  for (uint64_t row = 0; row < rows.size(); ++row) {
    wire::Submit submit = submit_from(rows, row);
    if (unseal(secrets, rows, row, submit)) submits.push_back(std::move(submit));
  }
  transaction.commit();
  return submits;
}

std::optional<int64_t> JobStore::next_wake_us() {
  pg::Transaction transaction("looking for the next job to wake");
  auto const wake_us = next_wake_at.run({}).timestamp(0, 1);
  transaction.commit();
  return wake_us;
}

std::vector<wire::Uuid> JobStore::to_cancel() {
  std::vector<wire::Uuid> attempts;
  pg::Transaction transaction("looking for jobs to cancel");
  auto const rows = cancel_requests.run({});
  for (uint64_t row = 0; row < rows.size(); ++row)
    attempts.push_back(rows.uuid(row, 1));
  transaction.commit();
  return attempts;
}

void JobStore::record_sent(const std::vector<SentNote> &notes) {
  std::vector<wire::Uuid> attempts;
  std::vector<int64_t> times;
  for (const SentNote &note : notes) {
    attempts.push_back(note.attempt);
    times.push_back(note.at_us);
  }
  pg::Transaction transaction("recording submissions");
  record_sent_sql.run({pg::uuid_array(attempts), pg::timestamp_array(times)});
  transaction.commit();
}

void JobStore::record(pg::Transaction &, std::span<const wire::Message> outcomes) {
  Successes successes;
  RateReports rates;
  for (const wire::Message &outcome : outcomes) {
    if (auto const *success = std::get_if<wire::Succeeded>(&outcome)) {
      successes.add(*success);
      rates.add(success->attempt, success->rate, success->timings);
    }
    if (auto const *failure = std::get_if<wire::Failed>(&outcome)) {
      bgworkers::record(*failure);
      rates.add(failure->attempt, failure->rate, failure->timings);
    }
    if (auto const *cancelled = std::get_if<wire::Cancelled>(&outcome))
      record_cancelled.run({pg::uuid(cancelled->attempt)});
    if (auto const *submitted = std::get_if<wire::Submitted>(&outcome))
      record_submitted.run({pg::uuid(submitted->attempt), pg::text(submitted->external_id)});
  }
  successes.record();
  rates.record();
}

void JobStore::record_internal_failure(pg::Transaction &, const wire::Uuid &attempt,
                                       const std::string &message) {
  wire::Failed failure;
  failure.attempt = attempt;
  failure.error_class = wire::ErrorClass::internal;
  failure.request_sent = true;
  failure.message = "the result could not be recorded: " + message;
  bgworkers::record(failure);
}

void JobStore::renew_leases(const std::vector<wire::Uuid> &attempts) {
  pg::Transaction transaction("renewing leases");
  renew_leases_sql.run({pg::uuid_array(attempts)});
  transaction.commit();
}

void JobStore::follow_clock(int64_t step_us) {
  pg::Transaction transaction("following the clock");
  if (knows_follow_clock.run({}).boolean(0, 1)) follow_clock_sql.run({pg::int8(step_us)});
  transaction.commit();
}

void JobStore::notify_listeners() {
  pg::Transaction transaction("notifying listeners");
  notify_events.run({});
  transaction.commit();
}

void JobStore::settle(const std::vector<wire::Uuid> &attempts, const std::string &reason) {
  pg::Transaction transaction("settling attempts");
  settle_attempts.run({pg::uuid_array(attempts), pg::text(reason)});
  transaction.commit();
}

int64_t JobStore::settle_all(const std::string &reason) {
  pg::Transaction transaction("settling attempts");
  int64_t const settled =
      settle_attempts.run({pg::null(UUIDARRAYOID), pg::text(reason)}).integer(0, 1);
  transaction.commit();
  return settled;
}

const wire::Uuid *attempt_of(const wire::Message &message) {
  if (auto const *success = std::get_if<wire::Succeeded>(&message)) return &success->attempt;
  if (auto const *failure = std::get_if<wire::Failed>(&message)) return &failure->attempt;
  if (auto const *cancelled = std::get_if<wire::Cancelled>(&message)) return &cancelled->attempt;
  if (auto const *submitted = std::get_if<wire::Submitted>(&message)) return &submitted->attempt;
  return nullptr;
}

}  // namespace bgworkers
