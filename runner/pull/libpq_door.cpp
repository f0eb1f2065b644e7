// Straight to the database. Each call is one round trip: libpq's pipeline mode sends all its
// statements at once, and what stands before a synchronisation point is one transaction.
#include <libpq-fe.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "runner/pull/door.hpp"
#include "runner/pull/sqlstate.hpp"

namespace runner::pull {
namespace {

using Clock = std::chrono::steady_clock;
using Connection = std::unique_ptr<PGconn, decltype(&PQfinish)>;
using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;

constexpr std::chrono::seconds connect_timeout(10);

const char *statement_of(Function function) {
  switch (function) {
    case Function::register_worker:
      return "select to_json(w) from json_to_record($1) as a (name text, provider text, models "
             "text[],"
             " max_jobs integer, worker_type text, version text),"
             " lateral atelier.register_worker(name => a.name, provider => a.provider, models => "
             "a.models,"
             " max_jobs => a.max_jobs, worker_type => a.worker_type, version => a.version) w";
    case Function::claim_jobs:
      return "select coalesce(json_agg(c), '[]') from json_to_record($1) as a (worker_id uuid, "
             "max_jobs integer),"
             " lateral atelier.claim_jobs(a.worker_id, a.max_jobs) c";
    case Function::heartbeat_jobs:
      return "select coalesce(json_agg(b), '[]') from json_to_record($1) as a (worker_id uuid, "
             "jobs jsonb),"
             " lateral atelier.heartbeat_jobs(a.worker_id, a.jobs) b";
    case Function::job_callback:
      return "select atelier.job_callback($1)";
  }
  return "";
}

// What PostgREST does before a request, so that the scopes of the key mean the same here.
constexpr const char *become_anon =
    "select set_config('role', 'anon', true), set_config('request.jwt.claims', '', true),"
    " set_config('request.method', 'POST', true), set_config('request.path', '/rpc/' || $1, true)";
constexpr const char *authenticate = "select atelier.authenticate_api_key($1)";

constexpr size_t sqlstate_length = 5;

// Where the code is in "FATAL:  28P01: …": five capital letters and digits, a digit among them,
// which FATAL has not.
size_t place_of_sqlstate(const std::string &text) {
  constexpr const char *digits = "0123456789";
  constexpr const char *letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (size_t end = text.find(": "); end != std::string::npos; end = text.find(": ", end + 1)) {
    if (end < sqlstate_length + 1 || text[end - sqlstate_length - 1] != ' ') continue;
    const std::string word = text.substr(end - sqlstate_length, sqlstate_length);
    if (word.find_first_not_of(letters) == std::string::npos &&
        word.find_first_of(digits) != std::string::npos)
      return end - sqlstate_length;
  }
  return std::string::npos;
}

// libpq looks for this file, too, when nobody names another one.
bool has_own_root_certificate() {
  const char *home = std::getenv("HOME");
  return home != nullptr &&
         access((std::string(home) + "/.postgresql/root.crt").c_str(), R_OK) == 0;
}

class Settings {
 public:
  void add(const char *name, const char *value) {
    names_.insert(names_.end() - 1, name);
    values_.insert(values_.end() - 1, value);
  }
  const char *const *names() const { return names_.data(); }
  const char *const *values() const { return values_.data(); }

 private:
  std::vector<const char *> names_{nullptr}, values_{nullptr};
};

class LibpqDoor : public Door {
 public:
  explicit LibpqDoor(const DoorOptions &options)
      : url_(options.url), key_(options.key), ca_file_(options.ca_file.string()) {
    read_url();
    if (!key_.empty() && key_.current().find('.') != std::string::npos) {
      throw std::invalid_argument(
          "a token for PostgREST says nothing to the database: use an API key, or none");
    }
  }

  std::string call(Function function, const std::string &body) override {
    const auto deadline = Clock::now() + time_limit(body.size());
    if (!connection_) connect();
    try {
      send(function, body);
      return receive(deadline);
    } catch (const DoorError &error) {
      // A server that became a standby is left for the next one of the URL.
      if (error.trouble == Trouble::unreachable) connection_.reset();
      throw;
    }
  }

 private:
  void read_url() {
    char *problem = nullptr;
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parts(
        PQconninfoParse(url_.c_str(), &problem), PQconninfoFree);
    const std::unique_ptr<char, decltype(&PQfreemem)> owned(problem, PQfreemem);
    if (!parts) throw std::invalid_argument("--pull: this is no URL of PostgreSQL");
    if (const char *mode = std::getenv("PGSSLMODE")) ssl_mode_ = mode;
    for (const auto *part = parts.get(); part->keyword != nullptr; ++part) {
      const std::string_view name = part->keyword;
      if (part->val == nullptr) continue;
      if (name == "sslmode") ssl_mode_ = part->val;
      if (name == "password" || name == "sslpassword") {
        throw std::invalid_argument(
            "--pull: no password in the URL, which everybody can read; use ~/.pgpass, PGPASSFILE "
            "or "
            "PGPASSWORD");
      }
    }
  }

  // Without a certificate to trust, libpq would refuse to verify; with one, it verifies even where
  // the mode does not ask for it.
  void trust_certificates(Settings &settings) const {
    if (!ssl_mode_.starts_with("verify") || std::getenv("PGSSLROOTCERT") != nullptr) return;
    if (PQlibVersion() >= 160000) {
      settings.add("sslrootcert", "system");
    } else if (!has_own_root_certificate()) {
      settings.add("sslrootcert", "/etc/ssl/certs/ca-certificates.crt");
    }
  }

  void connect() {
    Settings settings;
    // What comes first gives way to the URL; what comes after it does not.
    settings.add("sslmode", ssl_mode_.c_str());
    trust_certificates(settings);
    settings.add("dbname", url_.c_str());
    if (!ca_file_.empty()) settings.add("sslrootcert", ca_file_.c_str());
    settings.add("client_encoding", "UTF8");
    settings.add("fallback_application_name", "atelier-runner");
    connection_.reset(PQconnectStartParams(settings.names(), settings.values(), 1));
    if (!connection_) throw std::bad_alloc();
    PQsetErrorVerbosity(connection_.get(), PQERRORS_VERBOSE);  // with the SQLSTATE
    try {
      finish_connecting();
    } catch (const DoorError &) {
      connection_.reset();
      throw;
    }
    PQsetnonblocking(connection_.get(), 1);
    PQenterPipelineMode(connection_.get());
  }

  void finish_connecting() {
    const auto deadline = Clock::now() + connect_timeout;
    if (PQstatus(connection_.get()) == CONNECTION_BAD) fail_to_connect();
    for (auto step = PGRES_POLLING_WRITING; step != PGRES_POLLING_OK;
         step = PQconnectPoll(connection_.get())) {
      if (step == PGRES_POLLING_FAILED) fail_to_connect();
      wait(step == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline);
    }
  }

  [[noreturn]] void fail_to_connect() const {
    const std::string text = PQerrorMessage(connection_.get());
    if (const size_t code = place_of_sqlstate(text); code != std::string::npos) {
      const size_t message = code + sqlstate_length + 2;
      throw sql_error(text.substr(code, sqlstate_length),
                      text.substr(message, text.find('\n', message) - message));
    }
    const bool lacks_password = PQconnectionNeedsPassword(connection_.get()) != 0;
    throw DoorError(lacks_password ? Trouble::refused : Trouble::unreachable,
                    text.substr(0, text.find_last_not_of('\n') + 1));
  }

  void wait(short events, Clock::time_point deadline) const {
    for (;;) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
      pollfd entry{PQsocket(connection_.get()), events, 0};
      const int ready = left > 0 ? poll(&entry, 1, static_cast<int>(left)) : 0;
      if (ready > 0) return;
      if (ready == 0) throw DoorError(Trouble::unreachable, "the database does not answer in time");
      if (errno != EINTR) throw DoorError(Trouble::unreachable, "poll");
    }
  }

  void send(Function function, const std::string &body) {
    if (!key_.empty()) {
      send(become_anon, name_of(function));
      // The right to report is the token in the report; the key's scopes need not name it.
      if (function != Function::job_callback) send(authenticate, key_.current().c_str());
    }
    send(statement_of(function), body.c_str());
    if (PQpipelineSync(connection_.get()) != 1) lose();
  }

  void send(const char *statement, const char *parameter) {
    if (PQsendQueryParams(connection_.get(), statement, 1, nullptr, &parameter, nullptr, nullptr,
                          0) != 1) {
      lose();
    }
  }

  [[noreturn]] void lose() const {
    throw DoorError(Trouble::unreachable, PQerrorMessage(connection_.get()));
  }

  // The last value before the synchronisation point: behind it the transaction is committed.
  std::string receive(Clock::time_point deadline) {
    std::string answer;
    std::unique_ptr<DoorError> error;
    for (;;) {
      const Result result(next_result(deadline), PQclear);
      if (!result) {  // the end of one statement's results
        if (PQstatus(connection_.get()) == CONNECTION_BAD) lose();
        continue;
      }
      switch (PQresultStatus(result.get())) {
        case PGRES_PIPELINE_SYNC:
          if (error) throw DoorError(*error);
          return answer;
        case PGRES_TUPLES_OK:
          answer.assign(PQgetvalue(result.get(), 0, 0),
                        static_cast<size_t>(PQgetlength(result.get(), 0, 0)));
          break;
        case PGRES_PIPELINE_ABORTED:
          break;
        default:
          if (!error) error = std::make_unique<DoorError>(error_of(result.get()));
          if (error->trouble == Trouble::unreachable) throw DoorError(*error);
      }
    }
  }

  PGresult *next_result(Clock::time_point deadline) {
    auto *connection = connection_.get();
    for (;;) {
      const int unsent = PQflush(connection);
      if (unsent < 0) lose();
      if (unsent == 0 && PQisBusy(connection) == 0) return PQgetResult(connection);
      wait(static_cast<short>(unsent == 0 ? POLLIN : POLLIN | POLLOUT), deadline);
      if (PQconsumeInput(connection) != 1) lose();
    }
  }

  static DoorError error_of(const PGresult *result) {
    const auto field = [result](int code) -> std::string {
      const char *text = PQresultErrorField(result, code);
      return text == nullptr ? "" : text;
    };
    auto message = field(PG_DIAG_MESSAGE_PRIMARY);
    if (message.empty()) message = PQresultErrorMessage(result);
    if (!field(PG_DIAG_MESSAGE_DETAIL).empty())
      message += " (" + field(PG_DIAG_MESSAGE_DETAIL) + ")";
    if (!field(PG_DIAG_MESSAGE_HINT).empty()) message += " " + field(PG_DIAG_MESSAGE_HINT);
    return sql_error(field(PG_DIAG_SQLSTATE), message);
  }

  const std::string url_;
  Secret key_;
  const std::string ca_file_;
  std::string ssl_mode_ = "verify-full";
  Connection connection_{nullptr, PQfinish};
};

}  // namespace

std::unique_ptr<Door> open_libpq_door(const DoorOptions &options) {
  return std::make_unique<LibpqDoor>(options);
}

}  // namespace runner::pull
