// The server settings atelier.*: one place for their names, units and ranges.
#pragma once

namespace settings {

extern int api_log_retention_s;   // read by SQL
extern bool api_logging;          // read by SQL
extern int cost_log_retention_s;  // read by SQL
extern char *courier_path;
extern int event_retention_s;
extern int janitor_interval_s;
extern int max_in_flight;
extern int max_unfinished_jobs_per_user;
extern char *peers;
extern int poll_interval_ms;
extern int probe_interval_s;  // read by SQL
extern char *runner_devices;
extern bool runner_enabled;
extern char *runner_model;
extern char *runner_path;
extern char *runner_socket_directory;
extern int runner_threads;
extern char *secret_key_file;
extern char *tokenizer_directory;

// Defines them all; called once from _PG_init.
void define();

}  // namespace settings
