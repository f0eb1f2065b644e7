#include "courier/adapters/replicate.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "courier/adapters/failure_text.hpp"
#include "courier/adapters/hosted_job.hpp"
#include "courier/adapters/replicate_target.hpp"
#include "courier/http_status.hpp"
#include "courier/json/members.hpp"

namespace courier {

namespace {

using std::chrono::milliseconds;
using wire::ErrorClass;

constexpr milliseconds shortest_pause{1000};
constexpr milliseconds longest_pause{15000};
constexpr std::string_view delivery_domain = "replicate.delivery";

const Renames usual_names = {
    {"n", "num_outputs"}, {"steps", "num_inference_steps"}, {"guidance", "guidance_scale"}};

FileAnswer::Role role_of(std::string_view member) {
  if (member == "output") return FileAnswer::Role::files;
  if (member == "logs") return FileAnswer::Role::log;
  // The input comes back, with all the files in it.
  return member == "input" ? FileAnswer::Role::skip : FileAnswer::Role::keep;
}

// Many models write it to their logs and nowhere else.
std::optional<std::uint32_t> seed_in(std::string_view log) {
  constexpr std::string_view before = "Using seed: ";
  std::size_t const at = log.rfind(before);
  if (at == std::string_view::npos) return std::nullopt;
  log.remove_prefix(at + before.size());
  std::uint32_t seed = 0;
  auto const [end, error] = std::from_chars(log.data(), log.data() + log.size(), seed);
  return error == std::errc() ? std::optional<std::uint32_t>(seed) : std::nullopt;
}

class Replicate : public HostedJob {
 public:
  Replicate(const wire::Submit &submit, const std::string &spool_folder)
      : Replicate(submit, spool_folder,
                  {submit.adapter,
                   submit.options,
                   {"input", "rename", "max_outputs", "links", "join_text", "destination"}}) {}

 protected:
  HttpRequest submission(const Json &input) override;
  HttpRequest question() const override { return at("/" + external_id()); }
  HttpRequest cancellation() const override { return at("/" + external_id() + "/cancel"); }
  FileAnswer::Roles roles() const override { return role_of; }
  const char *id_member() const override { return "id"; }
  Verdict judge(const Json &document) override;
  Json output_of(Json &&document) const override;
  bool is_file(const LinkParts &link, const Json *holder, std::string_view name) const override;
  HttpRequest fetch(std::string link) const override {
    return fetch_url(std::move(link), {std::string(delivery_domain), "api.replicate.com"});
  }
  Json facts() const override { return facts_; }
  AttemptError explain_answer(const ResponseHead &head, const Json &body) const override;

 private:
  Replicate(const wire::Submit &submit, const std::string &spool_folder,
            const AdapterOptions &given)
      : HostedJob(submit, spool_folder, {given, usual_names}, {shortest_pause, longest_pause}),
        target_(parse_replicate_target(submit.model)),
        joins_text_(given.flag("join_text", true)),
        destination_(given.text("destination", "")) {
    if (auto const own = parse_link(submit.url)) own_origin_ = own->origin;
  }

  HttpRequest at(const std::string &place) const {
    HttpRequest request;
    request.path = target_.folder + place;
    return request;
  }
  Json without_destination(const Json &input, Json &body) const;
  void keep_facts(const Json &document);
  bool is_theirs(const LinkParts &link) const;

  ReplicateTarget const target_;
  bool const joins_text_;
  std::string const destination_;
  std::string own_origin_;
  Json facts_ = Json::object();
};

// Nothing is said of waiting (Prefer): without it the answer comes at once and has the id, and only
// an id that is written down keeps a paid request from being lost with this process.
HttpRequest Replicate::submission(const Json &input) {
  constexpr std::int64_t shortest_deadline_s = 5;
  Json body = Json::object();
  body["input"] = target_.folder == "/trainings" ? without_destination(input, body) : input;
  check_replicate_input(body["input"]);
  if (!target_.version.empty()) body["version"] = target_.version;
  if (!webhook_url().empty()) {
    body["webhook"] = webhook_url();
    body["webhook_events_filter"] = {"completed"};
  }
  HttpRequest request;
  request.path = target_.path;
  request.headers = {
      "Cancel-After: " + std::to_string(std::max(seconds_of(submit()), shortest_deadline_s)) + "s"};
  request.body = to_body(body);
  return request;
}

// The model that a training makes a version of is named beside its input.
HostedJob::Json Replicate::without_destination(const Json &input, Json &body) const {
  Json left = input;
  std::string destination = destination_;
  if (left.is_object() && left.contains("destination")) {
    destination = json::text(left, "destination");
    left.erase("destination");
  }
  if (destination.empty())
    throw AttemptError(ErrorClass::invalid_input,
                       "a training needs the parameter destination: owner/name of a model");
  body["destination"] = std::move(destination);
  return left;
}

HostedJob::Verdict Replicate::judge(const Json &document) {
  using Standing = Verdict::Standing;
  set_progress(progress_in(log()));
  keep_facts(document);
  std::string const state = json::text(document, "status");
  if (state == "starting" || state == "processing") return {Standing::running, state};
  const Json *const error = json::member(document, "error");
  std::string const said = error == nullptr ? "" : problem_text(*error);
  std::string const why = said.empty() ? "" : ": " + said;
  if (state == "failed")
    throw AttemptError(class_of_failure(said), "the provider says that the request failed" + why);
  if (state == "canceled" || state == "aborted")
    throw AttemptError(ErrorClass::expired, "the provider says that the request was " + state +
                                                ", at its deadline or by somebody else" + why);
  if (state != "succeeded")
    throw AttemptError(ErrorClass::bad_response, "the provider says that the request is \"" +
                                                     state + "\", which is no known state");
  const Json *const removed = json::member(document, "data_removed");
  if (json::member(document, "output") == nullptr && removed != nullptr && *removed == true)
    throw AttemptError(ErrorClass::expired, "the provider has removed the output");
  return {Standing::done, state};
}

void Replicate::keep_facts(const Json &document) {
  constexpr std::array kept = {"id",      "model",      "version",    "deployment",
                               "metrics", "created_at", "started_at", "completed_at"};
  facts_ = Json::object();
  for (const char *const name : kept)
    if (const Json *const value = json::member(document, name)) facts_[name] = *value;
  if (auto const seed = seed_in(log())) facts_["seed"] = *seed;
}

// Language models answer with their text in pieces.
HostedJob::Json Replicate::output_of(Json &&document) const {
  if (!document.is_object() || !document.contains("output")) return {};
  Json &output = document.at("output");
  bool const is_text = joins_text_ && output.is_array() && !output.empty() &&
                       std::all_of(output.begin(), output.end(), [this](const Json &piece) {
                         if (!piece.is_string() || piece == file_mark) return false;
                         auto const link = parse_link(piece.get_ref<const std::string &>());
                         return !link || !is_theirs(*link);
                       });
  if (!is_text) return std::move(output);
  std::string text;
  for (const Json &piece : output)
    text += piece.get_ref<const std::string &>();
  return text;
}

bool Replicate::is_theirs(const LinkParts &link) const {
  return is_at_or_below(link.host, delivery_domain) || link.origin == own_origin_;
}

bool Replicate::is_file(const LinkParts &link, const Json *, std::string_view) const {
  return is_theirs(link) && may_be_stored(link, {});
}

AttemptError Replicate::explain_answer(const ResponseHead &head, const Json &body) const {
  ErrorClass error_class = class_of_status(head.status, head.has_retry_after);
  std::string const text = problem_text(body);
  if (error_class == ErrorClass::invalid_input &&
      class_of_failure(text) == ErrorClass::content_policy)
    error_class = ErrorClass::content_policy;
  return {error_class,
          "the provider answers " + std::to_string(head.status) + (text.empty() ? "" : ": " + text),
          patience_in(text)};
}

}  // namespace

std::unique_ptr<Adapter> make_replicate(const wire::Submit &submit,
                                        const std::string &spool_folder) {
  return std::make_unique<Replicate>(submit, spool_folder);
}

}  // namespace courier
