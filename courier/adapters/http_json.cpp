#include "courier/adapters/http_json.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "courier/adapters/http_json_answer.hpp"
#include "courier/adapters/http_json_options.hpp"
#include "courier/adapters/http_json_requests.hpp"
#include "courier/adapters/input_pictures.hpp"
#include "courier/adapters/output_fetch.hpp"
#include "courier/http_status.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;
using wire::ErrorClass;

constexpr std::size_t max_id_bytes = 500;
constexpr milliseconds shortest_pause{50};
constexpr milliseconds longest_pause{600000};

[[noreturn]] void reject(const std::string &why) {
  throw AttemptError(ErrorClass::bad_response, why);
}

bool is_usable_id(const std::string &text) {
  constexpr unsigned char first_printable = 0x20;
  return !text.empty() && text.size() <= max_id_bytes &&
         std::all_of(text.begin(), text.end(),
                     [](unsigned char byte) { return byte >= first_printable && byte != 0x7f; });
}

class HttpJson : public Adapter {
 public:
  HttpJson(const wire::Submit &submit, std::string spool_folder)
      : options_(parse_http_json_options(submit.options)),
        requests_(submit, options_),
        spool_folder_(std::move(spool_folder)),
        max_output_bytes_(submit.max_output_bytes),
        external_id_(submit.external_id),
        phase_(external_id_.empty() ? Phase::submit : Phase::poll),
        interval_(options_.poll_interval) {
    if (!external_id_.empty() && !options_.external_id)
      throw AttemptError(ErrorClass::invalid_input,
                         "adapter_options of the provider: poll is missing, and the request was "
                         "submitted before");
  }

  HttpRequest request() override;
  std::size_t max_outputs() const override {
    return options_.has_files() ? options_.max_outputs : 0;
  }
  void begin_response(const ResponseHead &head) override;
  void consume(std::string_view body) override;
  Step finish() override;
  AttemptError explain(const ResponseHead &head, std::string_view body) const override;

  const std::string &external_id() const noexcept override { return external_id_; }
  double progress() const noexcept override { return progress_; }
  std::optional<HttpRequest> cancel_request() override;
  bool outlives_connection() const noexcept override { return options_.external_id.has_value(); }

 private:
  enum class Phase { submit, poll, fetch };

  bool fetches_pictures() const noexcept { return pictures_ && pictures_->pending(); }
  void learn_id(const Json &document);
  Step follow_state(const Json &document);
  std::optional<JobState> state_of(const Json &document) const;
  Step wait(const Json &document);
  [[noreturn]] void report_failure(const Json &document, JobState state) const;
  Step take_result(const Json &document);
  void take_outputs();
  std::string metadata(const Json &document) const;
  Result collect();

  HttpJsonOptions const options_;
  HttpJsonRequests const requests_;
  std::string const spool_folder_;
  std::uint64_t const max_output_bytes_;
  std::string external_id_;
  Phase phase_;
  milliseconds interval_;
  double progress_ = -1;

  std::optional<InputPictures> pictures_;
  std::optional<HttpJsonAnswer> answer_;
  std::optional<OutputFetch> files_;
  std::vector<OutputTexts::Found> found_;
  Result result_;
};

// ---- the requests ----

HttpRequest HttpJson::request() {
  if (files_) return files_->request();
  switch (phase_) {
    case Phase::poll:
      return requests_.about(options_.poll, options_.poll_request, external_id_);
    case Phase::fetch:
      return requests_.about(options_.fetch, std::nullopt, external_id_);
    case Phase::submit:
      break;
  }
  if (!pictures_) pictures_ = requests_.find_pictures();
  if (pictures_->pending()) return pictures_->request();
  HttpRequest request = requests_.submit(*pictures_);
  pictures_ = InputPictures();
  return request;
}

std::optional<HttpRequest> HttpJson::cancel_request() {
  if (options_.cancel.path.empty() || external_id_.empty()) return std::nullopt;
  return requests_.about(options_.cancel, options_.cancel_request, external_id_);
}

// ---- the answers ----

void HttpJson::begin_response(const ResponseHead &head) {
  if (fetches_pictures()) return pictures_->begin_response();
  if (files_) return files_->begin_response(head);
  answer_.emplace(options_, spool_folder_, max_output_bytes_);
  if (!is_json_type(head.content_type))
    throw AttemptError::unreadable("the server answers with " + head.content_type +
                                   " instead of JSON");
}

void HttpJson::consume(std::string_view body) {
  if (fetches_pictures()) return pictures_->consume(body);
  if (files_) return files_->consume(body);
  answer_->consume(body);
}

Step HttpJson::finish() {
  if (fetches_pictures()) {
    pictures_->finish();
    return Again{};
  }
  if (files_) {
    files_->finish();
    if (files_->pending()) return Again{};
    return collect();
  }
  const Json &document = answer_->finish();
  if (options_.external_id && phase_ != Phase::fetch) {
    if (external_id_.empty()) learn_id(document);
    return follow_state(document);
  }
  if (auto const error = find_http_json_error(options_, document))
    throw AttemptError(error->error_class.value_or(ErrorClass::bad_response),
                       "the server reports an error with status 200: " + error->message);
  return take_result(document);
}

// Whoever took a request and does not say under which id may be carrying it out.
void HttpJson::learn_id(const Json &document) {
  const Json *const id = find_value(document, *options_.external_id);
  bool const is_id = id != nullptr && (id->is_string() || id->is_number_integer());
  std::string const text = is_id ? text_of_value(*id) : "";
  if (is_usable_id(text)) {
    external_id_ = text;
    return;
  }
  if (auto const error = find_http_json_error(options_, document))
    throw AttemptError(error->error_class.value_or(ErrorClass::bad_response),
                       "the server reports an error with status 200: " + error->message);
  throw AttemptError(ErrorClass::ambiguous,
                     "the server took the request, and its answer has no id at " +
                         options_.external_id->to_string());
}

Step HttpJson::follow_state(const Json &document) {
  JobState const state = state_of(document).value_or(JobState::queued);
  phase_ = Phase::poll;
  switch (state) {
    case JobState::queued:
    case JobState::running:
      return wait(document);
    case JobState::succeeded:
      break;
    case JobState::failed:
    case JobState::cancelled:
    case JobState::content_policy:
    case JobState::expired:
      report_failure(document, state);
  }
  if (find_http_json_error(options_, document)) report_failure(document, JobState::failed);
  if (options_.fetch.path.empty()) return take_result(document);
  phase_ = Phase::fetch;
  return Again{};
}

// Nothing where the answer to the submission says nothing of it.
std::optional<JobState> HttpJson::state_of(const Json &document) const {
  const Json *const value = find_value(document, options_.state);
  bool const says_nothing = value == nullptr || value->is_null();
  std::string const word = says_nothing ? "" : text_of_value(*value);
  auto const known = options_.states.find(word);
  if (known != options_.states.end()) return known->second;
  if (!says_nothing)
    reject("the server says that the request is " + word + ", which states does not know");
  if (phase_ == Phase::submit) return std::nullopt;
  if (find_http_json_error(options_, document)) return JobState::failed;
  reject("the answer has nothing at " + options_.state.to_string() + ", where the state should be");
}

Step HttpJson::wait(const Json &document) {
  if (auto const done = number_at(document, options_.progress))
    progress_ = std::clamp(*done / options_.progress_full, 0.0, 1.0);
  milliseconds pause = interval_;
  interval_ = std::min(interval_ * 3 / 2, options_.poll_max_interval);
  if (auto const seconds = number_at(document, options_.retry_after)) {
    constexpr double per_second = 1000;
    double const longest = static_cast<double>(longest_pause.count());
    pause = milliseconds(std::llround(std::clamp(*seconds * per_second, 0.0, longest)));
  }
  return Again{std::max(pause, shortest_pause)};
}

void HttpJson::report_failure(const Json &document, JobState state) const {
  auto const error = find_http_json_error(options_, document);
  std::string const why = error ? ": " + error->message : "";
  switch (state) {
    case JobState::content_policy:
      throw AttemptError(ErrorClass::content_policy, "the server refuses what is asked for" + why);
    case JobState::expired:
      throw AttemptError(ErrorClass::expired, "the server has forgotten the request" + why);
    case JobState::cancelled:
      throw AttemptError(ErrorClass::worker_crash, "the request was cancelled at the server" + why);
    default:
      break;
  }
  ErrorClass error_class = ErrorClass::worker_crash;
  if (error && error->error_class) error_class = *error->error_class;
  throw AttemptError(error_class, "the server says that the request failed" + why);
}

AttemptError HttpJson::explain(const ResponseHead &head, std::string_view body) const {
  if (fetches_pictures()) return pictures_->explain(head);
  if (files_) return files_->explain(head);
  constexpr long not_found = 404;
  constexpr long gone = 410;
  std::string message = "the server answers " + std::to_string(head.status);
  auto error_class = class_of_status(head.status, head.has_retry_after);
  bool const is_gone = head.status == not_found || head.status == gone;
  Json const document = Json::parse(body, nullptr, false);
  auto const error =
      document.is_discarded() ? std::nullopt : find_http_json_error(options_, document);
  if (error) {
    message += ": " + error->message;
    error_class = error->error_class.value_or(error_class);
  }
  if (phase_ != Phase::submit && is_gone)  // it is known to have been there
    throw LookupAnswer(wire::RequestState::failed, ErrorClass::expired,
                       "asked about the request, " + message);
  return {error_class, message};
}

// ---- the result ----

Step HttpJson::take_result(const Json &document) {
  if (options_.result || !options_.has_files()) result_.result = answer_->result();
  result_.metadata = metadata(document);
  if (options_.has_files()) take_outputs();
  if (files_ && files_->pending()) return Again{};
  return collect();
}

void HttpJson::take_outputs() {
  found_ = answer_->take_outputs();
  if (found_.empty() && options_.output_path.empty() && !options_.result)
    reject("the answer has no outputs where outputs says that they are");
  std::uint64_t spent = 0;
  for (const auto &one : found_)
    if (const auto *const output = std::get_if<wire::Output>(&one.output))
      spent += output->byte_count;
  files_.emplace(spool_folder_, max_output_bytes_ - spent);
  for (const auto &one : found_)
    if (const auto *const place = std::get_if<std::string>(&one.output))
      files_->add(fetch_place(*place, one.name, options_.trusted_hosts), one.name);
  if (options_.output_path.empty()) return;
  HttpRequest request =
      requests_.about({Method::get, options_.output_path}, std::nullopt, external_id_);
  std::erase(request.headers, "Accept: application/json");
  files_->add(std::move(request), "the output");
}

std::string HttpJson::metadata(const Json &document) const {
  Json metadata = Json::object();
  for (const auto &[name, place] : options_.metrics)
    if (auto const number = number_at(document, place)) metadata["metrics"][name] = *number;
  if (auto const cost = number_at(document, options_.cost)) metadata["cost"] = *cost;
  return metadata.dump();
}

Result HttpJson::collect() {
  auto fetched = files_ ? files_->take() : std::vector<wire::Output>();
  auto next = fetched.begin();
  for (auto &one : found_)
    result_.outputs.push_back(std::holds_alternative<wire::Output>(one.output)
                                  ? std::move(std::get<wire::Output>(one.output))
                                  : std::move(*next++));
  for (; next != fetched.end(); ++next)
    result_.outputs.push_back(std::move(*next));
  for (std::size_t index = 0; index < result_.outputs.size(); ++index)
    result_.outputs[index].index = static_cast<std::uint32_t>(index);
  return std::move(result_);
}

}  // namespace

std::unique_ptr<Adapter> make_http_json(const wire::Submit &submit,
                                        const std::string &spool_folder) {
  return std::make_unique<HttpJson>(submit, spool_folder);
}

}  // namespace courier
