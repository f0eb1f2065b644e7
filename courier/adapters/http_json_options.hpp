// http_json_options.hpp -- what the adapter http_json has to know of a provider.
//
// docs/adapters/http_json.md says what each member means. Besides, there are those of
// lookup_options.hpp.
#pragma once

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "courier/adapters/adapter.hpp"
#include "courier/adapters/json_places.hpp"
#include "wire/error_class.hpp"

namespace courier {

// What a provider's word for the state of a request means.
enum class JobState { queued, running, succeeded, failed, cancelled, content_policy, expired };

struct RequestForm {
  Method method = Method::post;
  std::string path;  // with what stands behind a question mark; empty: there is no such request
};

struct OutputPlaces {
  JsonPlaces places;
  bool base64 = false;  // else URLs, of which some may be data: URLs
};

// How pictures that a request starts from are sent.
enum class PictureForm { url, data_url, base64 };

struct HttpJsonOptions {
  using Pointer = nlohmann::json::json_pointer;

  RequestForm submit;
  std::optional<nlohmann::json> request;
  std::map<std::string, std::string> headers;
  std::map<std::string, PictureForm> pictures;
  std::string model_key;
  std::string webhook_key;
  std::string webhook_header;

  std::optional<Pointer> external_id;  // without it the first answer is the last
  RequestForm poll;
  std::optional<nlohmann::json> poll_request;
  RequestForm cancel;
  std::optional<nlohmann::json> cancel_request;
  RequestForm fetch;
  Pointer state{"/status"};
  std::map<std::string, JobState> states;
  std::optional<Pointer> progress;
  double progress_full = 1;
  std::optional<Pointer> retry_after;
  std::chrono::milliseconds poll_interval{1000};
  std::chrono::milliseconds poll_max_interval{10000};

  std::optional<Pointer> result;  // of an API without outputs: the whole answer
  std::vector<OutputPlaces> outputs;
  std::string output_path;
  std::size_t max_outputs = 8;
  std::vector<std::string> trusted_hosts;
  std::map<std::string, Pointer> metrics;
  std::optional<Pointer> cost;

  Pointer error{"/error"};
  std::optional<Pointer> error_message;
  Pointer error_code{"/error/code"};
  std::map<std::string, wire::ErrorClass> error_classes;

  bool has_files() const noexcept { return !outputs.empty() || !output_path.empty(); }
};

// Of an empty text or an object. Throws OptionsError for what it does not know.
HttpJsonOptions parse_http_json_options(const std::string &text);

}  // namespace courier
