// lookup_options.hpp -- how a provider is asked what became of a request, from its adapter_options.
//
//   lookup           the path to ask for with GET, such as "/jobs/{id}"; {id} is our id of the
//                    request
//   id_header        the header in which the request carries its id; by default X-Request-Id
//   id_key           the member of the request that carries it, instead of a header (http_json)
//   lookup_state     where the answer says how far it is; by default /status. An answer without it
//                    is the result, or with status 202, that the request is being carried out
//   lookup_states    {"word": "running" or "finished" or "failed" or "unknown"}, for words that are
//                    not obvious
//   lookup_progress  where the answer says how much is done, from 0 to 1; by default /progress
//   lookup_result    where the result is, if not where it is in an answer at once (http_json)
//
// With status 404 the server does not know the request; with 410 the result is gone.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace courier {

enum class LookupState { running, finished, failed, unknown };

struct LookupOptions {
  std::string path;  // empty: it cannot be asked
  std::string id_header;
  std::string id_key;
  nlohmann::json::json_pointer state{"/status"};
  std::map<std::string, LookupState> states;
  nlohmann::json::json_pointer progress{"/progress"};
  std::string result;
};

// Letters, digits and hyphens.
bool is_header_name(const std::string &name);

bool is_lookup_option(const std::string &name);

// Takes an empty text, or an object, whose other members are not looked at. Throws
// OptionsError.
LookupOptions parse_lookup_options(const std::string &text);

}  // namespace courier
