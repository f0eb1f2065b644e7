#include "courier/adapters/runpod.hpp"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "courier/adapters/failure_text.hpp"
#include "courier/adapters/hosted_job.hpp"
#include "courier/adapters/json_answer.hpp"
#include "courier/http_status.hpp"
#include "courier/json/members.hpp"

namespace courier {

namespace {

using std::chrono::milliseconds;
using wire::ErrorClass;

constexpr milliseconds shortest_pause{1000};
constexpr milliseconds longest_pause{10000};
constexpr std::size_t max_body_bytes = 10'000'000;
constexpr std::int64_t longest_ms = std::int64_t{7} * 86400 * 1000;
constexpr std::int64_t shortest_execution_ms = 5000;
// How long a request may be known for longer than it may run: what it takes to fetch its result,
// also when this side stops for a while.
constexpr std::int64_t time_to_collect_ms = 600'000;

FileAnswer::Role role_of(std::string_view member) {
  return member == "output" ? FileAnswer::Role::files : FileAnswer::Role::keep;
}

bool is_falsy(const nlohmann::json &value) {
  return value.is_null() || value == false || value == "" ||
         (value.is_structured() && value.empty());
}

// Workers say of themselves how far they are, in whatever form.
double fraction_in(const nlohmann::json &said) {
  constexpr double whole = 100;
  if (said.is_number_integer()) return said.get<double>() / whole;
  if (said.is_number())
    return said.get<double>() > 1 ? said.get<double>() / whole : said.get<double>();
  if (said.is_string()) return progress_in(said.get<std::string>() + "|");
  const nlohmann::json *const progress = json::member(said, "progress");
  return progress != nullptr && !progress->is_structured() ? fraction_in(*progress) : -1;
}

// Errors are texts, objects, or texts of objects with a traceback.
std::string text_of_error(const nlohmann::json &error) {
  nlohmann::json const inner =
      error.is_string() ? json_or_null(error.get_ref<const std::string &>()) : error;
  std::string const message = json::text(inner, "error_message");
  if (!message.empty()) {
    std::string const type = json::text(inner, "error_type");
    return type.empty() ? message : type + ": " + message;
  }
  return problem_text(inner.is_object() ? inner : error);
}

class Runpod : public HostedJob {
 public:
  Runpod(const wire::Submit &submit, const std::string &spool_folder)
      : Runpod(
            submit, spool_folder,
            {submit.adapter,
             submit.options,
             {"input", "rename", "max_outputs", "links", "execution_timeout_ms", "low_priority"}}) {
  }

 protected:
  HttpRequest submission(const Json &input) override;
  HttpRequest question() const override { return at("/status/"); }
  HttpRequest cancellation() const override { return at("/cancel/"); }
  FileAnswer::Roles roles() const override { return role_of; }
  const char *id_member() const override { return "id"; }
  Verdict judge(const Json &document) override;
  Json output_of(Json &&document) const override;
  bool is_file(const LinkParts &link, const Json *holder, std::string_view name) const override;
  Json facts() const override { return facts_; }
  AttemptError explain_answer(const ResponseHead &head, const Json &body) const override;

 private:
  Runpod(const wire::Submit &submit, const std::string &spool_folder, const AdapterOptions &given)
      : HostedJob(submit, spool_folder, {given, {}}, {shortest_pause, longest_pause}),
        low_priority_(given.flag("low_priority", false)) {
    auto const own = static_cast<std::size_t>(seconds_of(submit) * 1000);
    auto const most = static_cast<std::size_t>(longest_ms - time_to_collect_ms);
    execution_ms_ =
        std::max(static_cast<std::int64_t>(given.count("execution_timeout_ms", own, most)),
                 shortest_execution_ms);
    ttl_ms_ = std::max(execution_ms_, static_cast<std::int64_t>(own)) + time_to_collect_ms;
  }

  HttpRequest at(const std::string &place) const {
    HttpRequest request;
    request.path = place + external_id();
    return request;
  }
  void keep_facts(const Json &document);
  static void check_output(const Json &document);

  bool const low_priority_;
  std::int64_t execution_ms_ = 0;
  std::int64_t ttl_ms_ = 0;
  Json facts_ = Json::object();
};

// Nothing runs for longer than somebody waits for it, and nothing is forgotten before: a request
// that is not known any more has expired.
HttpRequest Runpod::submission(const Json &input) {
  Json body = {{"input", input},
               {"policy", {{"executionTimeout", execution_ms_}, {"ttl", ttl_ms_}}}};
  if (low_priority_) body["policy"]["lowPriority"] = true;
  if (!webhook_url().empty()) body["webhook"] = webhook_url();
  HttpRequest request;
  request.path = "/run";
  request.body = to_body(body);
  if (request.body.size() > max_body_bytes)
    throw AttemptError(ErrorClass::invalid_input,
                       "the request has " + std::to_string(request.body.size()) +
                           " bytes; RunPod takes " + std::to_string(max_body_bytes) +
                           ", larger files need a URL");
  return request;
}

// A crashed worker's request goes back into the queue: no state is an error for coming again.
HostedJob::Verdict Runpod::judge(const Json &document) {
  using Standing = Verdict::Standing;
  keep_facts(document);
  std::string const state = json::text(document, "status");
  if (state == "IN_QUEUE") return {Standing::running, state};
  const Json *const output = json::member(document, "output");
  if (state == "IN_PROGRESS" || state == "RUNNING") {
    if (output != nullptr) set_progress(fraction_in(*output));
    return {Standing::running, "IN_PROGRESS"};
  }
  const Json *error = json::member(document, "error");
  if (error == nullptr && output != nullptr) error = json::member(*output, "error");
  std::string const said = error == nullptr ? "" : text_of_error(*error);
  std::string const why = said.empty() ? "" : ": " + said;
  if (state == "FAILED")
    throw AttemptError(class_of_failure(said), "the provider says that the request failed" + why);
  if (state == "TIMED_OUT" || state == "CANCELLED")
    throw AttemptError(ErrorClass::expired, "the provider says that the request is " + state +
                                                ", by its policy or by somebody else" + why);
  if (state != "COMPLETED")
    throw AttemptError(ErrorClass::bad_response, "the provider says that the request is \"" +
                                                     state + "\", which is no known state");
  check_output(document);
  return {Standing::done, state};
}

// What a handler returns as an error comes as an output, depending on the version of its SDK.
void Runpod::check_output(const Json &document) {
  const Json *const output = json::member(document, "output");
  const Json *const at_top = json::member(document, "error");
  const Json *const inside = output != nullptr ? json::member(*output, "error") : nullptr;
  for (const Json *const error : {at_top, inside}) {
    if (error == nullptr || is_falsy(*error)) continue;
    std::string const said = text_of_error(*error);
    throw AttemptError(class_of_failure(said), "the worker reports an error: " + said);
  }
  if (output == nullptr || !output->is_object() || !output->contains("errors")) return;
  bool const has_images = output->contains("images") && !is_falsy(output->at("images"));
  if (is_falsy(output->at("errors")) || has_images) return;
  std::string const said =
      output->at("errors").dump(-1, ' ', false, Json::error_handler_t::replace);
  throw AttemptError(class_of_failure(said), "the worker reports errors: " + said);
}

void Runpod::keep_facts(const Json &document) {
  facts_ = Json::object();
  for (const char *const name : {"id", "workerId"})
    if (const Json *const value = json::member(document, name)) facts_[name] = *value;
  for (const char *const name : {"delayTime", "executionTime"})
    if (const Json *const value = json::member(document, name)) facts_["metrics"][name] = *value;
}

HostedJob::Json Runpod::output_of(Json &&document) const {
  if (!document.is_object() || !document.contains("output")) return {};
  return std::move(document.at("output"));
}

// Any host may hold the files, so the link itself must look like one, or its object must say so.
bool Runpod::is_file(const LinkParts &link, const Json *holder, std::string_view) const {
  if (!may_be_stored(link, {})) return false;
  return !link.extension.empty() || (holder != nullptr && json::text(*holder, "type") == "s3_url");
}

AttemptError Runpod::explain_answer(const ResponseHead &head, const Json &body) const {
  std::string const text = problem_text(body);
  return {
      class_of_status(head.status, head.has_retry_after),
      "the provider answers " + std::to_string(head.status) + (text.empty() ? "" : ": " + text)};
}

}  // namespace

std::unique_ptr<Adapter> make_runpod(const wire::Submit &submit, const std::string &spool_folder) {
  return std::make_unique<Runpod>(submit, spool_folder);
}

}  // namespace courier
