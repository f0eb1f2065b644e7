#include <nlohmann/json.hpp>  // before postgres.h, which redefines snprintf

#include "bgworkers/inquiries.hpp"

#include <algorithm>
#include <utility>

#include "bgworkers/runner_address.hpp"
#include "src/functions/provider_secrets.hpp"
#include "src/pg/settings.hpp"
#include "src/pg/spi.hpp"
#include "src/pg/transaction.hpp"

namespace bgworkers {
namespace {

// Until the database is updated there is nothing to call.
pg::Statement knows_inquiries(
    "select count(*) = 3 from pg_catalog.pg_proc p"
    " where p.proname in ('claim_probes', 'claim_lookups', 'record_stops')");
pg::Statement claim_probes_sql("select * from atelier_engine.claim_probes($1)");
pg::Statement next_probe_at("select atelier_engine.next_probe_at($1)");
pg::Statement record_probes("select atelier_engine.record_probes($1)");
pg::Statement claim_lookups_sql("select * from atelier_engine.claim_lookups()");
pg::Statement next_lookup_at("select atelier_engine.next_lookup_at()");
pg::Statement record_lookups("select atelier_engine.record_lookups($1)");
pg::Statement record_stops("select atelier_engine.record_stops($1)");

// Failures come in crowds.
constexpr auto shortest_pause = std::chrono::milliseconds(50);
// What a server may say about its health.
constexpr uint64_t max_answer_bytes = uint64_t{1} << 20U;

// The columns of claim_probes(), in order.
enum ProbeColumn {
  probe_id = 1,
  endpoint_id,
  token_id,
  probe_url,
  path,
  probe_secret,
  probe_auth_header,
  probe_connect_timeout_ms,
  probe_total_timeout_ms,
  probe_private_network,
  probe_sealed_secret
};

// The columns of claim_lookups(), in order.
enum LookupColumn {
  inquiry_id = 1,
  attempt_id,
  adapter,
  url,
  model,
  parameters,
  secret,
  auth_header,
  connect_timeout_ms,
  total_timeout_ms,
  max_output_bytes,
  private_network,
  adapter_options,
  external_id,
  is_stop,
  lookup_token_id,
  sealed_secret
};

wire::Submit probe_from(const pg::Statement::Rows &rows, uint64_t row) {
  wire::Submit out;
  out.purpose = wire::Purpose::probe;
  out.attempt = rows.uuid(row, probe_id);
  out.url = resolve_base_url(rows.text(row, probe_url));
  out.parameters = rows.text(row, path);
  out.secret = rows.text(row, probe_secret);
  out.auth_header = rows.text(row, probe_auth_header);
  out.connect_timeout_ms = static_cast<uint32_t>(rows.integer(row, probe_connect_timeout_ms));
  out.total_timeout_ms = static_cast<uint32_t>(rows.integer(row, probe_total_timeout_ms));
  out.max_output_bytes = max_answer_bytes;
  out.private_network = rows.boolean(row, probe_private_network);
  return out;
}

wire::Submit lookup_from(const pg::Statement::Rows &rows, uint64_t row) {
  wire::Submit out;
  out.purpose = rows.boolean(row, is_stop) ? wire::Purpose::stop : wire::Purpose::lookup;
  out.attempt = rows.uuid(row, inquiry_id);
  out.subject = rows.uuid(row, attempt_id);
  out.adapter = rows.text(row, adapter);
  out.url = resolve_base_url(rows.text(row, url));
  out.model = rows.text(row, model);
  out.parameters = rows.text(row, parameters);
  out.secret = rows.text(row, secret);
  out.auth_header = rows.text(row, auth_header);
  out.connect_timeout_ms = static_cast<uint32_t>(rows.integer(row, connect_timeout_ms));
  out.total_timeout_ms = static_cast<uint32_t>(rows.integer(row, total_timeout_ms));
  out.max_output_bytes = static_cast<uint64_t>(rows.integer(row, max_output_bytes));
  out.private_network = rows.boolean(row, private_network);
  out.options = rows.text(row, adapter_options);
  if (!rows.is_null(row, external_id)) out.external_id = rows.text(row, external_id);
  return out;
}

const char *state_name(wire::RequestState state) {
  switch (state) {
    case wire::RequestState::running:
      return "running";
    case wire::RequestState::unknown:
      return "unknown";
    case wire::RequestState::failed:
      return "failed";
    case wire::RequestState::unanswered:
      break;
  }
  return "unanswered";
}

// Puts the secret into a request. One that does not open is not asked with: it is asked about again
// later, and doctor() tells what is wrong.
bool unseal(const pg::Statement::Rows &rows, uint64_t row, int token_column, int sealed_column,
            wire::Submit &submit) {
  std::vector<uint8_t> const sealed = rows.bytes(row, sealed_column);
  if (sealed.empty()) return true;
  try {
    submit.secret = provider_secrets::Reader().open(rows.uuid(row, token_column), sealed);
    return true;
  } catch (const secrets::Problem &problem) {
    pg::log(WARNING, problem.what());
    return false;
  }
}

std::string dump(const nlohmann::json &document) {
  return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

Inquiries::Inquiries() : since_us_(pg::now_us()) {}

void Inquiries::send_due(CourierLink &courier) {
  if (Clock::now() < next_look_) return;
  for (const wire::Submit &submit : claim())
    courier.send(wire::encode(submit));
  courier.flush();
}

std::vector<wire::Submit> Inquiries::claim() {
  last_look_ = Clock::now();
  next_look_ = last_look_ + std::chrono::milliseconds(settings::poll_interval_ms);
  std::vector<wire::Submit> submits;
  pg::Transaction transaction("looking for what to ask servers");
  if (knows_inquiries.run({}).boolean(0, 1)) {
    claim_probes(submits);
    claim_lookups(submits);
    look_at_latest(next_probe_at.run({pg::timestamp(since_us_)}).timestamp(0, 1));
    look_at_latest(next_lookup_at.run({}).timestamp(0, 1));
  }
  transaction.commit();
  return submits;
}

void Inquiries::claim_probes(std::vector<wire::Submit> &submits) {
  auto const rows = claim_probes_sql.run({pg::timestamp(since_us_)});
  for (uint64_t row = 0; row < rows.size(); ++row) {
    wire::Submit submit = probe_from(rows, row);
    if (!unseal(rows, row, token_id, probe_sealed_secret, submit)) continue;
    submits.push_back(std::move(submit));
    Probe const probe{rows.uuid(row, endpoint_id), rows.uuid(row, token_id),
                      !rows.is_null(row, token_id)};
    probes_.emplace(submits.back().attempt, probe);
  }
}

void Inquiries::claim_lookups(std::vector<wire::Submit> &submits) {
  auto const rows = claim_lookups_sql.run({});
  for (uint64_t row = 0; row < rows.size(); ++row) {
    wire::Submit submit = lookup_from(rows, row);
    if (!unseal(rows, row, lookup_token_id, sealed_secret, submit)) continue;
    submits.push_back(std::move(submit));
    auto &asked = submits.back().purpose == wire::Purpose::stop ? stops_ : lookups_;
    asked.emplace(submits.back().attempt, submits.back().subject);
  }
}

void Inquiries::look_at_latest(std::optional<int64_t> due_us) {
  if (!due_us) return;
  auto const left = std::chrono::microseconds(std::max(*due_us - pg::now_us(), int64_t{0}));
  next_look_ = std::min(next_look_, Clock::now() + left);
}

void Inquiries::look_soon() noexcept {
  next_look_ = std::min(next_look_, last_look_ + shortest_pause);
}

bool Inquiries::take(wire::Message &message) {
  if (probes_.empty() && lookups_.empty() && stops_.empty()) return false;
  if (auto const *sent = std::get_if<wire::Sent>(&message))
    return probes_.contains(sent->attempt) || lookups_.contains(sent->attempt) ||
           stops_.contains(sent->attempt);
  if (take_stop(message)) return true;
  auto *const success = std::get_if<wire::Succeeded>(&message);
  auto *const failure = std::get_if<wire::Failed>(&message);
  auto *const looked_up = std::get_if<wire::LookedUp>(&message);
  if (success == nullptr && failure == nullptr && looked_up == nullptr) return false;
  wire::Uuid const id = success != nullptr   ? success->attempt
                        : failure != nullptr ? failure->attempt
                                             : looked_up->attempt;
  if (auto const probe = probes_.extract(id)) {
    probe_answers_.push_back(
        {probe.mapped(), failure != nullptr ? *failure : wire::Failed{}, success != nullptr});
    return true;
  }
  auto const lookup = lookups_.extract(id);
  if (!lookup) return false;
  if (success != nullptr) {
    success->attempt = lookup.mapped();
    return false;
  }
  wire::LookedUp answer = looked_up != nullptr ? *looked_up : wire::LookedUp{};
  answer.attempt = lookup.mapped();
  lookup_answers_.push_back(std::move(answer));
  return true;
}

bool Inquiries::take_stop(const wire::Message &message) {
  auto const *const cancelled = std::get_if<wire::Cancelled>(&message);
  auto const *const failure = std::get_if<wire::Failed>(&message);
  if (cancelled == nullptr && failure == nullptr) return false;
  auto const stop = stops_.extract(cancelled != nullptr ? cancelled->attempt : failure->attempt);
  if (!stop) return false;
  stop_answers_.push_back({stop.mapped(), failure != nullptr ? failure->message : ""});
  return true;
}

bool Inquiries::record() {
  if (!has_answers()) return false;
  pg::Transaction transaction("recording what servers said");
  int64_t news = 0;
  if (!probe_answers_.empty())
    news += record_probes.run({pg::jsonb(probe_answers())}).integer(0, 1);
  if (!lookup_answers_.empty())
    news += record_lookups.run({pg::jsonb(lookup_answers())}).integer(0, 1);
  if (!stop_answers_.empty()) record_stops.run({pg::jsonb(stop_answers())});
  transaction.commit();
  probe_answers_.clear();
  lookup_answers_.clear();
  stop_answers_.clear();
  look_soon();
  return news > 0;
}

std::string Inquiries::probe_answers() const {
  nlohmann::json document = nlohmann::json::array();
  for (const ProbeAnswer &answer : probe_answers_) {
    nlohmann::json entry = {{"endpoint_id", answer.probe.endpoint.to_string()}};
    if (answer.probe.has_token) entry["token_id"] = answer.probe.token.to_string();
    if (!answer.good) {
      entry["sent"] = answer.failure.request_sent;
      entry["error_class"] = wire::error_class_name(answer.failure.error_class);
      entry["message"] = answer.failure.message;
      entry["retry_after_ms"] = answer.failure.retry_after_ms;
    }
    document.push_back(std::move(entry));
  }
  return dump(document);
}

std::string Inquiries::lookup_answers() const {
  nlohmann::json document = nlohmann::json::array();
  for (const wire::LookedUp &answer : lookup_answers_) {
    nlohmann::json entry = {{"attempt_id", answer.attempt.to_string()},
                            {"state", state_name(answer.state)},
                            {"error_class", wire::error_class_name(answer.error_class)},
                            {"message", answer.message},
                            {"detail", answer.detail}};
    if (answer.http_status != 0) entry["http_status"] = answer.http_status;
    if (answer.progress >= 0) entry["progress"] = answer.progress;
    document.push_back(std::move(entry));
  }
  return dump(document);
}

std::string Inquiries::stop_answers() const {
  nlohmann::json document = nlohmann::json::array();
  for (const StopAnswer &answer : stop_answers_) {
    nlohmann::json entry = {{"attempt_id", answer.attempt.to_string()}};
    if (!answer.problem.empty()) entry["message"] = answer.problem;
    document.push_back(std::move(entry));
  }
  return dump(document);
}

// Nobody will answer these any more, and nothing shall wait for it.
void Inquiries::courier_ended() {
  for (const auto &[id, probe] : probes_) {
    wire::Failed failure;  // internal: it says nothing about the server
    failure.message = "the courier ended";
    probe_answers_.push_back({probe, std::move(failure), false});
  }
  for (const auto &[id, attempt] : lookups_) {
    wire::LookedUp unanswered;
    unanswered.attempt = attempt;
    unanswered.message = "the courier ended";
    lookup_answers_.push_back(std::move(unanswered));
  }
  for (const auto &[id, attempt] : stops_)
    stop_answers_.push_back({attempt, "the courier ended"});
  probes_.clear();
  lookups_.clear();
  stops_.clear();
}

}  // namespace bgworkers
