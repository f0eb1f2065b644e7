#include "courier/adapters/fal.hpp"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "courier/adapters/failure_text.hpp"
#include "courier/adapters/fal_error.hpp"
#include "courier/adapters/fal_places.hpp"
#include "courier/adapters/hosted_job.hpp"
#include "courier/http_status.hpp"
#include "courier/json/members.hpp"

namespace courier {

namespace {

using std::chrono::milliseconds;
using wire::ErrorClass;

constexpr milliseconds shortest_pause{2000};
constexpr milliseconds longest_pause{10000};
constexpr std::size_t longest_queue = 1'000'000;
constexpr std::size_t longest_life_s = std::size_t{10} * 365 * 86400;

const Renames usual_names = {
    {"n", "num_images"}, {"steps", "num_inference_steps"}, {"guidance", "guidance_scale"}};

FileAnswer::Role role_in_status(std::string_view member) {
  return member == "logs" ? FileAnswer::Role::log : FileAnswer::Role::keep;
}

FileAnswer::Role role_in_result(std::string_view) { return FileAnswer::Role::files; }

class Fal : public HostedJob {
 public:
  Fal(const wire::Submit &submit, const std::string &spool_folder)
      : Fal(submit, spool_folder,
            {submit.adapter,
             submit.options,
             {"input", "rename", "max_outputs", "links", "image_size", "max_queue_length",
              "priority", "runner_hint", "store_io", "files_expire_after_s"}}) {}

 protected:
  HttpRequest submission(const Json &input) override;
  HttpRequest question() const override;
  HttpRequest cancellation() const override {
    HttpRequest request = places_.cancel;
    request.method = Method::put;
    return request;
  }
  FileAnswer::Roles roles() const override { return is_over_ ? role_in_result : role_in_status; }
  const char *id_member() const override { return "request_id"; }
  Verdict judge(const Json &document) override;
  Json output_of(Json &&document) const override { return std::move(document); }
  bool is_file(const LinkParts &link, const Json *holder, std::string_view name) const override;
  Json facts() const override { return facts_; }
  AttemptError explain_answer(const ResponseHead &head, const Json &body) const override;

 private:
  Fal(const wire::Submit &submit, const std::string &spool_folder, const AdapterOptions &given);

  Json with_size(Json input) const;
  ErrorClass class_of(const FalError &error, const ResponseHead &head) const;

  bool const makes_size_;
  std::string query_;
  std::vector<std::string> headers_;
  FalPlaces places_;
  bool is_submitted_;
  bool is_over_ = false;  // and the result is to be asked for
  std::string failure_;   // of the status, where the result is to say more
  Json facts_ = Json::object();
};

// The scheduler here decides about further tries: those of the platform would come on top.
Fal::Fal(const wire::Submit &submit, const std::string &spool_folder, const AdapterOptions &given)
    : HostedJob(submit, spool_folder, {given, usual_names}, {shortest_pause, longest_pause}),
      makes_size_(given.flag("image_size", true)),
      headers_{"X-Fal-Request-Timeout: " + std::to_string(seconds_of(submit)), "X-Fal-No-Retry: 1"},
      is_submitted_(!submit.external_id.empty()) {
  check_fal_model(submit.model);
  if (is_submitted_) places_ = make_fal_places(submit.model, submit.external_id);
  if (!webhook_url().empty()) query_ = "fal_webhook=" + percent_encoded(webhook_url());
  if (std::size_t const length = given.count("max_queue_length", 0, longest_queue); length > 0)
    query_ += (query_.empty() ? "" : "&") + ("fal_max_queue_length=" + std::to_string(length));
  std::string const priority = given.text("priority", "");
  if (!priority.empty() && priority != "low" && priority != "normal")
    AdapterOptions::refuse("priority is neither low nor normal");
  if (!priority.empty()) headers_.push_back("X-Fal-Queue-Priority: " + priority);
  std::string const hint = given.text("runner_hint", "");
  if (!hint.empty() && (!is_plain_path(hint) || hint.find('/') != std::string::npos))
    AdapterOptions::refuse("runner_hint has other characters than letters, digits and -_.");
  if (!hint.empty()) headers_.push_back("X-Fal-Runner-Hint: " + hint);
  if (!given.flag("store_io", true)) headers_.emplace_back("X-Fal-Store-IO: 0");
  if (std::size_t const life = given.count("files_expire_after_s", 0, longest_life_s); life > 0)
    headers_.push_back(R"(X-Fal-Object-Lifecycle-Preference: {"expiration_duration_seconds":)" +
                       std::to_string(life) + "}");
}

HttpRequest Fal::submission(const Json &input) {
  HttpRequest request;
  request.path = "/" + submit().model;
  request.query = query_;
  request.headers = headers_;
  request.body = to_body(with_size(input));
  return request;
}

HostedJob::Json Fal::with_size(Json input) const {
  bool const has_both = input.is_object() && input.contains("width") && input.contains("height");
  if (!makes_size_ || !has_both || input.contains("image_size")) return input;
  input["image_size"] = {{"width", input.at("width")}, {"height", input.at("height")}};
  input.erase("width");
  input.erase("height");
  return input;
}

HttpRequest Fal::question() const {
  if (is_over_) return places_.result;
  HttpRequest request = places_.status;
  request.query += request.query.empty() ? "logs=1" : "&logs=1";
  return request;
}

HostedJob::Verdict Fal::judge(const Json &document) {
  using Standing = Verdict::Standing;
  if (is_over_) {
    if (!failure_.empty()) throw AttemptError(class_of_failure(failure_), failure_);
    return {Standing::done, "COMPLETED"};
  }
  bool const is_submission = !std::exchange(is_submitted_, true);
  if (is_submission) {
    places_ = make_fal_places(submit().model, external_id());
    take_fal_places(document, submit().url, places_);
    if (!document.contains("status")) return {Standing::running, "IN_QUEUE"};
  }
  set_progress(progress_in(log()));
  std::string const state = json::text(document, "status");
  if (state == "IN_QUEUE" || state == "IN_PROGRESS") return {Standing::running, state};
  if (state != "COMPLETED")
    throw AttemptError(ErrorClass::bad_response, "the provider says that the request is \"" +
                                                     state + "\", which is no known state");
  if (const Json *const metrics = json::member(document, "metrics")) facts_["metrics"] = *metrics;
  facts_["request_id"] = external_id();
  is_over_ = true;
  FalError const error = read_fal_error(document);
  if (json::member(document, "error") == nullptr && error.type.empty())
    return {Standing::ask_more, state};
  failure_ = "the provider says that the request failed: " +
             (error.text.empty() ? error.type : error.text);
  if (auto const known = class_of_fal_type(error.type)) throw AttemptError(*known, failure_);
  return {Standing::ask_more, state};
}

// Everything called url is one; what type it has tells whether it can be stored.
bool Fal::is_file(const LinkParts &link, const Json *holder, std::string_view name) const {
  bool const is_theirs = is_at_or_below(link.host, "fal.media");
  if (name != "url" && !is_theirs) return false;
  return may_be_stored(link, holder == nullptr ? "" : json::text(*holder, "content_type"));
}

// Whether a failure is worth another try is told by a header, else by its type, else by the status.
ErrorClass Fal::class_of(const FalError &error, const ResponseHead &head) const {
  auto const retryable = head.header ? head.header("X-Fal-Retryable") : std::nullopt;
  auto const by_type = class_of_fal_type(error.type);
  ErrorClass const by_text = class_of_failure(error.text);
  ErrorClass const by_status = class_of_status(head.status, head.has_retry_after);
  bool const is_refused = by_status == ErrorClass::auth || by_status == ErrorClass::invalid_input;
  if (is_refused && by_text == ErrorClass::payment) return by_text;
  if (error.type.empty() && by_status == ErrorClass::invalid_input &&
      by_text == ErrorClass::content_policy)
    return by_text;
  if (by_type && *by_type != ErrorClass::worker_crash) return *by_type;
  bool const is_failure = by_type.has_value() || by_status == ErrorClass::overload ||
                          by_status == ErrorClass::invalid_input;
  if (!is_failure) return by_status;
  if (retryable == "true") return ErrorClass::worker_crash;
  if (retryable == "false") return ErrorClass::invalid_input;
  return by_type.value_or(by_status);
}

AttemptError Fal::explain_answer(const ResponseHead &head, const Json &body) const {
  FalError error = read_fal_error(body);
  if (error.type.empty() && head.header) error.type = head.header("X-Fal-Error-Type").value_or("");
  std::string const message = "the provider answers " + std::to_string(head.status) +
                              (error.text.empty() ? "" : ": " + error.text);
  ErrorClass const by_status = class_of_status(head.status, head.has_retry_after);
  if (!is_over_) {
    // Only what the app has seen may have begun.
    bool const was_seen = head.header && head.header("x-fal-request-id").has_value();
    bool const is_submission = external_id().empty();
    if (is_submission && by_status == ErrorClass::overload)
      return {was_seen ? ErrorClass::ambiguous : ErrorClass::overload, message};
    return {is_submission ? class_of(error, head) : by_status, message};
  }
  // The model's own answer, with the model's own status: that is the end of it, and no trouble with
  // asking. What is not fal's is trouble.
  bool const is_theirs = body.is_object() && (body.contains("detail") || !error.type.empty());
  ErrorClass error_class = class_of(error, head);
  bool const is_about_asking =
      error_class == ErrorClass::auth || error_class == ErrorClass::throttled;
  if (!is_theirs || is_about_asking) return {by_status, message};
  if (error_class == ErrorClass::overload) error_class = ErrorClass::worker_crash;
  throw LookupAnswer(wire::RequestState::failed, error_class,
                     "the model answers " + message.substr(message.find("answers ") + 8));
}

}  // namespace

std::unique_ptr<Adapter> make_fal(const wire::Submit &submit, const std::string &spool_folder) {
  return std::make_unique<Fal>(submit, spool_folder);
}

}  // namespace courier
