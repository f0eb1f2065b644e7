#include "courier/adapters/fal_error.hpp"

#include <array>
#include <string_view>

#include "courier/adapters/hosted_job.hpp"
#include "courier/json/members.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;
using wire::ErrorClass;

struct KnownType {
  std::string_view type;
  ErrorClass error_class;
};

// What is not among them and comes with a 4xx is about the input.
constexpr std::array known_types = {
    KnownType{"content_policy_violation", ErrorClass::content_policy},
    KnownType{"request_timeout", ErrorClass::expired},  // not begun within the time we gave
    KnownType{"client_cancelled", ErrorClass::expired},
    KnownType{"client_disconnected", ErrorClass::expired},
    KnownType{"startup_timeout", ErrorClass::worker_crash},
    KnownType{"runner_scheduling_failure", ErrorClass::worker_crash},
    KnownType{"runner_connection_timeout", ErrorClass::worker_crash},
    KnownType{"runner_connection_refused", ErrorClass::worker_crash},
    KnownType{"runner_connection_error", ErrorClass::worker_crash},
    KnownType{"runner_disconnected", ErrorClass::worker_crash},
    KnownType{"runner_incomplete_response", ErrorClass::worker_crash},
    KnownType{"runner_server_error", ErrorClass::worker_crash},
    KnownType{"internal_error", ErrorClass::worker_crash},
    KnownType{"internal_server_error", ErrorClass::worker_crash},
    KnownType{"generation_timeout", ErrorClass::worker_crash},
    KnownType{"downstream_service_error", ErrorClass::worker_crash},
    KnownType{"downstream_service_unavailable", ErrorClass::worker_crash},
    KnownType{"bad_request", ErrorClass::invalid_input},
};

std::string text_of_place(const Json &entry) {
  std::string place;
  for (const Json &step : json::structure(entry, "loc")) {
    if (!place.empty()) place += '.';
    place += step.is_string() ? step.get<std::string>() : step.dump();
  }
  return place;
}

void add_detail(const Json &entry, FalError &error) {
  if (error.type.empty()) error.type = json::text(entry, "type");
  std::string const place = text_of_place(entry);
  std::string const message = json::text(entry, "msg");
  if (message.empty()) return;
  if (!error.text.empty()) error.text += "; ";
  error.text += place.empty() ? message : place + ": " + message;
}

}  // namespace

FalError read_fal_error(const Json &body) {
  FalError error;
  error.type = json::text(body, "error_type");
  const Json *const detail = json::member(body, "detail");
  if (detail != nullptr && detail->is_array())
    for (const Json &entry : *detail)
      add_detail(entry, error);
  if (error.text.empty()) error.text = problem_text(body);
  return error;
}

std::optional<ErrorClass> class_of_fal_type(const std::string &type) {
  for (const KnownType &known : known_types)
    if (known.type == type) return known.error_class;
  return std::nullopt;
}

}  // namespace courier
