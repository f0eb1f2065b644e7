#include "src/pg/settings.hpp"

#include <climits>

extern "C" {
#include "postgres.h"

#include "utils/guc.h"
}

namespace settings {

int api_log_retention_s = 2592000;
bool api_logging = true;
int cost_log_retention_s = 34560000;
char *courier_path = nullptr;
int event_retention_s = 604800;
int janitor_interval_s = 30;
int max_in_flight = 64;
int max_unfinished_jobs_per_user = 1000;
char *peers = nullptr;
int poll_interval_ms = 5000;
int probe_interval_s = 60;
char *runner_devices = nullptr;
bool runner_enabled = true;
char *runner_model = nullptr;
char *runner_path = nullptr;
char *runner_socket_directory = nullptr;
int runner_threads = 0;
char *secret_key_file = nullptr;
char *tokenizer_directory = nullptr;

namespace {

void define_string(const char *name, const char *summary, const char *detail, char **variable,
                   const char *boot) {
  DefineCustomStringVariable(name, summary, detail, variable, boot, PGC_SIGHUP, GUC_SUPERUSER_ONLY,
                             nullptr, nullptr, nullptr);
}

void define_int(const char *name, const char *summary, const char *detail, int *variable, int boot,
                int least, int most, int unit) {
  DefineCustomIntVariable(name, summary, detail, variable, boot, least, most, PGC_SIGHUP, unit,
                          nullptr, nullptr, nullptr);
}

void define_runner_settings() {
  define_string("atelier.runner_devices", "Devices that get a local runner each.",
                "\"auto\" (one per GPU, or one on the CPU), or a list such as \"cuda:0,cuda:1\" "
                "or \"cpu\".",
                &runner_devices, "auto");
  DefineCustomBoolVariable("atelier.runner_enabled", "Keep local runners running.",
                           "Off: this server only uses remote endpoints.", &runner_enabled, true,
                           PGC_SIGHUP, 0, nullptr, nullptr, nullptr);
  define_string("atelier.runner_model", "The checkpoint folder of the local runners.",
                "Empty: the model installed with the extension.", &runner_model, "");
  define_string("atelier.runner_path", "The inference server program.",
                "Empty: atelier-runner in the server's bin directory.", &runner_path, "");
  define_string("atelier.runner_socket_directory", "Where local runners listen.",
                "A relative path is below the data directory, which only the server's user can "
                "enter. A socket's whole path has at most 107 bytes.",
                &runner_socket_directory, "pg_atelier");
  define_int("atelier.runner_threads", "CPU threads of each local runner.",
             "0: the runner chooses.", &runner_threads, 0, 0, 1024, 0);
}

}  // namespace

// None is PGC_POSTMASTER: a library loaded without shared_preload_libraries may not define settings
// that only a server start can change.
void define() {
  define_int("atelier.api_log_retention", "How long rows of atelier.api_logs are kept.",
             "The janitor drops a day when all of it is older. 0: for ever.", &api_log_retention_s,
             2592000, 0, INT_MAX, GUC_UNIT_S);
  DefineCustomBoolVariable("atelier.api_logging", "Log every call of a provider.",
                           "In atelier.api_logs. Off: only what calls cost is written down.",
                           &api_logging, true, PGC_SIGHUP, 0, nullptr, nullptr, nullptr);
  define_int("atelier.cost_log_retention", "How long rows of atelier.api_cost_logs are kept.",
             "The janitor drops a month when all of it is older. 0: for ever.",
             &cost_log_retention_s, 34560000, 0, INT_MAX, GUC_UNIT_S);
  define_string("atelier.courier_path", "The program that talks to inference servers.",
                "Empty: atelier-courier in the server's bin directory. Read when a dispatcher "
                "starts its courier.",
                &courier_path, "");
  define_int("atelier.event_retention", "How long rows of atelier.events are kept.",
             "A cursor of events_since() is good for as long. 0: for ever.", &event_retention_s,
             604800, 0, INT_MAX, GUC_UNIT_S);
  define_int("atelier.janitor_interval", "Time between two rounds of the janitor.",
             "Expired workspace assets, lost leases and deleted objects wait at most this long.",
             &janitor_interval_s, 30, 1, 3600, GUC_UNIT_S);
  define_int("atelier.max_in_flight", "Attempts in flight per database.",
             "Endpoints have limits of their own; this one protects the server.", &max_in_flight,
             64, 1, 10000, 0);
  DefineCustomIntVariable(
      "atelier.max_unfinished_jobs_per_user", "Jobs that a user may have waiting and running.",
      "More are refused with PT429. 0: as many as they like.", &max_unfinished_jobs_per_user, 1000,
      0, INT_MAX, PGC_SUSET, 0, nullptr, nullptr, nullptr);
  define_string("atelier.peers", "Connection strings of the servers that might take over.",
                "Separated by semicolons, each as in primary_conninfo. While one of them is on a "
                "higher timeline of the same system, this server dispatches nothing.",
                &peers, "");
  define_int("atelier.poll_interval", "How often a dispatcher looks for work unasked.",
             "Submitting a job wakes the dispatcher at commit; this is the safety net.",
             &poll_interval_ms, 5000, 100, 600000, GUC_UNIT_MS);
  define_int("atelier.probe_interval", "How often an endpoint without jobs is asked how it is.",
             "endpoints.probe_interval overrides it. 0: never.", &probe_interval_s, 60, 0, 86400,
             GUC_UNIT_S);
  define_runner_settings();
  define_string("atelier.secret_key_file", "The file with the keys of provider tokens.",
                "An absolute path outside the data directory. The newest key comes first. Empty: "
                "no token can be stored.",
                &secret_key_file, "");
  DefineCustomStringVariable(
      "atelier.tokenizer_directory", "Where the tokenizers are that tokens are counted by.",
      "An absolute path; each folder in it holds vocab.json and merges.txt, and "
      "api_models.capabilities.tokenizer names one. Empty: tokens are estimated.",
      &tokenizer_directory, "", PGC_SUSET, GUC_SUPERUSER_ONLY, nullptr, nullptr, nullptr);
  MarkGUCPrefixReserved("atelier");
}

}  // namespace settings
