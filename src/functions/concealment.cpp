// Statements that hand over the secret of a provider token or of its webhooks stay out of the
// server log and of pg_stat_activity, as far as an extension can see to that: the log is filtered
// from the moment that a process has loaded the library, the activity is overwritten as soon as the
// function runs.
//
// The hook runs while an error is being reported: it must not raise one, and allocates nothing.
#include "src/functions/concealment.hpp"

#include <cstring>

extern "C" {
#include "postgres.h"

#include "access/xact.h"
#include "fmgr.h"
#include "tcop/tcopprot.h"
#include "utils/backend_status.h"
#include "utils/builtins.h"
#include "utils/elog.h"

PG_FUNCTION_INFO_V1(atelier_conceal_statement);
PGDLLEXPORT Datum atelier_conceal_statement(PG_FUNCTION_ARGS);
}

namespace concealment {
namespace {

constexpr const char *setters[] = {"set_provider_token", "set_webhook_secret", "replicate_tokens"};
// What a context quotes values after: parameters of a statement, and a line of COPY.
constexpr const char *quotings[] = {"parameters:", ", line "};
constexpr const char *instead = " [the rest may hold a secret]";

emit_log_hook_type previous_hook = nullptr;
// When the statement began that called the setter; it may name it in other words (EXECUTE).
TimestampTz concealed_statement = 0;

// Behind the name of what takes a secret.
const char *find(const char *text) {
  if (text == nullptr) return nullptr;
  for (const char *const setter : setters)
    if (const char *const at = strcasestr(text, setter)) return at + strlen(setter);
  return nullptr;
}

bool hands_over_a_secret(const ErrorData *report) {
  return find(debug_query_string) != nullptr || find(report->message) != nullptr ||
         find(report->detail_log) != nullptr || find(report->detail) != nullptr ||
         (concealed_statement != 0 && concealed_statement == GetCurrentStatementStartTimestamp());
}

// Cuts the text of the statement off a message that quotes it.
void conceal_message(char *message) {
  char *from = const_cast<char *>(find(message));
  if (from == nullptr && debug_query_string != nullptr && debug_query_string[0] != '\0')
    from = strstr(message, debug_query_string);
  if (from == nullptr) return;
  size_t const room = strlen(from) + 1;
  strlcpy(from, instead, room);
}

void conceal(ErrorData *report) {
  report->hide_stmt = true;
  // An error has a message of ours or of PostgreSQL, which quotes no argument.
  if (report->elevel == LOG) {
    if (report->message != nullptr) conceal_message(report->message);
    report->detail = nullptr;
    report->detail_log = nullptr;
  }
  if (report->context != nullptr) {
    for (const char *const quoting : quotings)
      if (char *const at = strcasestr(report->context, quoting)) *at = '\0';
  }
}

void on_report(ErrorData *report) {
  if (previous_hook != nullptr) previous_hook(report);
  if (hands_over_a_secret(report)) conceal(report);
}

}  // namespace

void install() {
  previous_hook = emit_log_hook;
  emit_log_hook = on_report;
}

}  // namespace concealment

Datum atelier_conceal_statement(PG_FUNCTION_ARGS) {
  const char *const instead = text_to_cstring(PG_GETARG_TEXT_PP(0));
  concealment::concealed_statement = GetCurrentStatementStartTimestamp();
  pgstat_report_activity(STATE_RUNNING, instead);
  PG_RETURN_VOID();
}
