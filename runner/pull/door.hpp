// The way to the functions of the database that workers call. PostgREST and libpq are one file
// each; neither knows what is asked.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "runner/secret.hpp"

namespace runner::pull {

// What the worker can do about a call that failed.
enum class Trouble {
  unreachable,  // no answer, or one that asks for patience: the same call may succeed later
  broken,       // an answer that speaks of a defect: perhaps later, perhaps never
  refused,      // a clear no: the same call would be refused again
};

class DoorError : public std::runtime_error {
 public:
  DoorError(Trouble its_trouble, const std::string &message, int its_status = 0,
            std::chrono::seconds its_retry_after = {})
      : std::runtime_error(message),
        trouble(its_trouble),
        status(its_status),
        retry_after(its_retry_after) {}

  Trouble trouble;
  int status;  // of HTTP, or what the SQLSTATE means there; 0: neither
  std::chrono::seconds retry_after;
};

enum class Function { register_worker, claim_jobs, heartbeat_jobs, job_callback };
const char *name_of(Function function);

class Door {
 public:
  virtual ~Door() = default;

  // Calls a function, in a transaction of its own, with a JSON object of named arguments; that of
  // job_callback is its one argument. Returns the answer as JSON. Throws DoorError; where that is
  // not a refusal, nobody knows whether the call was carried out. Not for several threads at once.
  virtual std::string call(Function function, const std::string &body) = 0;
};

struct DoorOptions {
  std::string url;
  Secret key;                     // an API key, or a token for PostgREST
  std::filesystem::path ca_file;  // empty: the certificates that the system trusts
  bool plain_http = false;        // whether the key may travel unencrypted
};

// By its URL: http, https, postgresql. Throws std::invalid_argument.
std::unique_ptr<Door> open_door(const DoorOptions &options);

std::unique_ptr<Door> open_postgrest_door(const DoorOptions &options);
std::unique_ptr<Door> open_libpq_door(const DoorOptions &options);

// What a status of HTTP means to a worker; also of the SQLSTATEs that stand for one (PT404).
Trouble trouble_of_status(int status);

// How long a call may take: an answer takes seconds, a large picture on a slow line minutes.
std::chrono::milliseconds time_limit(size_t body_bytes);

}  // namespace runner::pull
