#include "courier/adapters/sdcpp.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "courier/adapters/job_parameters.hpp"
#include "courier/adapters/poll_pace.hpp"
#include "courier/adapters/sdcpp_request.hpp"
#include "courier/adapters/server_error.hpp"
#include "courier/adapters/streamed_answer.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;
using wire::ErrorClass;

constexpr milliseconds first_pause{500};
constexpr milliseconds longest_pause{3000};
constexpr milliseconds longest_pause_in_queue{10000};
constexpr std::size_t max_id_bytes = 200;

[[noreturn]] void reject(const std::string &why) {
  throw AttemptError(ErrorClass::bad_response, why);
}

const Json &member(const Json &object, const char *name) {
  static const Json none;
  if (!object.is_object()) return none;
  auto const found = object.find(name);
  return found == object.end() ? none : *found;
}

// As the server makes them, so that it can be part of a path.
bool is_job_id(const std::string &id) {
  return !id.empty() && id.size() <= max_id_bytes &&
         std::all_of(id.begin(), id.end(), [](char byte) {
           return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                  (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
         });
}

class Sdcpp : public Adapter {
 public:
  Sdcpp(const wire::Submit &submit, const std::string &spool_folder)
      : purpose_(submit.purpose),
        submission_(make_sdcpp_request(submit.parameters, submit.options)),
        answer_(
            spool_folder, submit.max_output_bytes,
            [this](const json::Path &path) { return picture_at(path); },
            [](const json::Path &) { return false; }, json::Skeleton::Limits{}) {
    if (submit.external_id.empty()) return;
    if (!is_job_id(submit.external_id))
      throw AttemptError(ErrorClass::invalid_input, "the id of the job cannot be one");
    id_ = submit.external_id;
  }

  HttpRequest request() override;
  std::size_t max_outputs() const override { return submission_.output_count; }
  void begin_response(const ResponseHead &head) override { answer_.begin(head); }
  void consume(std::string_view body) override { answer_.consume(body); }
  Step finish() override;
  AttemptError explain(const ResponseHead &head, std::string_view body) const override;
  const std::string &external_id() const noexcept override { return id_; }
  std::optional<HttpRequest> cancel_request() override;
  bool outlives_connection() const noexcept override { return true; }

 private:
  std::string job_path() const { return "/sdcpp/v1/jobs/" + id_; }
  std::optional<std::size_t> picture_at(const json::Path &path) const;
  Step read_submission(const Json &document);
  Step read_job(const Json &document);
  Step wait_in_queue(const Json &document);
  Result take_result(const Json &document);
  [[noreturn]] static void report_failure(const Json &document);

  wire::Purpose const purpose_;
  SdcppRequest const submission_;
  StreamedAnswer answer_;
  PollPace pace_{first_pause, longest_pause};
  std::string id_;
  std::string state_;  // what the server said last
};

HttpRequest Sdcpp::request() {
  HttpRequest request;
  if (!id_.empty()) {
    request.path = job_path();
    request.method = Method::get;
    request.headers = {"Accept: application/json"};
    return request;
  }
  request.path = submission_.path;
  request.headers = {"Content-Type: application/json", "Accept: application/json"};
  request.body = submission_.body;
  return request;
}

std::optional<HttpRequest> Sdcpp::cancel_request() {
  if (id_.empty()) return std::nullopt;
  HttpRequest request;
  request.path = job_path() + "/cancel";
  request.headers = {"Content-Type: application/json"};
  request.body = "{}";
  return request;
}

// Pictures are at result.images[i].b64_json, a video at result.b64_json.
std::optional<std::size_t> Sdcpp::picture_at(const json::Path &path) const {
  if (path.size() < 2 || path[0].key != "result" || path.back().key != "b64_json")
    return std::nullopt;
  if (submission_.is_video) return path.size() == 2 ? std::optional<std::size_t>(0) : std::nullopt;
  if (path.size() != 4 || path[1].key != "images" || !path[2].in_array) return std::nullopt;
  if (path[2].index >= submission_.output_count)
    reject("the answer has more than the " + std::to_string(submission_.output_count) +
           " pictures asked for");
  return path[2].index;
}

Step Sdcpp::finish() {
  const Json &document = answer_.finish();
  return id_.empty() ? read_submission(document) : read_job(document);
}

Step Sdcpp::read_submission(const Json &document) {
  const Json &id = member(document, "id");
  if (!id.is_string() || !is_job_id(id.get_ref<const std::string &>()))
    reject("the server took the request and does not say which job it is");
  id_ = id.get<std::string>();
  return Again{pace_.next()};
}

Step Sdcpp::read_job(const Json &document) {
  const Json &status = member(document, "status");
  if (!status.is_string()) reject("the server does not say what became of the job");
  std::string const word = status.get<std::string>();
  if (word != state_) pace_.restart();
  state_ = word;
  if (word == "queued") return wait_in_queue(document);
  if (word == "generating") return Again{pace_.next()};
  if (word == "completed") return take_result(document);
  if (word == "failed") report_failure(document);
  if (word == "cancelled")
    throw AttemptError(ErrorClass::worker_crash, "the job was cancelled at the server");
  reject("the server says that the job is \"" + word + "\", which is no known state");
}

// Each job before this one takes a second or more.
Step Sdcpp::wait_in_queue(const Json &document) {
  const Json &place = member(document, "queue_position");
  milliseconds const pause = pace_.next();
  std::int64_t const ahead = place.is_number_integer() ? place.get<std::int64_t>() - 1 : 0;
  if (ahead > longest_pause_in_queue.count()) return Again{longest_pause_in_queue};
  return Again{std::max(pause, std::min(longest_pause_in_queue, milliseconds{1000} * ahead))};
}

void Sdcpp::report_failure(const Json &document) {
  std::string const why = server_error_text(document);
  throw AttemptError(ErrorClass::worker_crash, "the server says that the job failed" +
                                                   (why.empty() ? std::string{} : ": " + why));
}

Result Sdcpp::take_result(const Json &document) {
  auto pictures = answer_.take_pictures();
  if (pictures.size() != submission_.output_count)
    reject("the answer has " + std::to_string(pictures.size()) + " of the " +
           std::to_string(submission_.output_count) + " outputs asked for");
  Result result;
  Json outputs = Json::array();
  for (auto &[number, output] : pictures) {
    output.seed = seed_of_output(submission_.seed, number);
    Json facts = {{"index", number}};
    if (output.seed >= 0) facts["seed"] = output.seed;
    outputs.push_back(std::move(facts));
    result.outputs.push_back(std::move(output));
  }
  Json metadata = {{"outputs", std::move(outputs)}};
  for (const char *const name : {"created", "started", "completed"})
    if (member(document, name).is_number()) metadata[name] = member(document, name);
  for (const char *const name : {"fps", "frame_count"})
    if (const Json &value = member(member(document, "result"), name); value.is_number())
      metadata[name] = value;
  result.metadata = metadata.dump();
  return result;
}

AttemptError Sdcpp::explain(const ResponseHead &head, std::string_view body) const {
  constexpr long not_found = 404;
  constexpr long gone = 410;
  if (id_.empty()) return server_error(head, body);
  AttemptError error = server_error(head, body, "asked for the job " + id_);
  bool const lookup = purpose_ == wire::Purpose::lookup;
  if (head.status == not_found) {
    // Its jobs are in its memory alone.
    if (lookup)
      throw LookupAnswer(wire::RequestState::unknown, ErrorClass::internal, error.message());
    return {ErrorClass::worker_crash, error.message() + "; it was restarted, and the job is lost"};
  }
  if (head.status == gone) {
    std::string const message = error.message() + "; its result was kept too short a time";
    if (lookup) throw LookupAnswer(wire::RequestState::failed, ErrorClass::expired, message);
    return {ErrorClass::expired, message};
  }
  return error;
}

}  // namespace

std::unique_ptr<Adapter> make_sdcpp(const wire::Submit &submit, const std::string &spool_folder) {
  return std::make_unique<Sdcpp>(submit, spool_folder);
}

}  // namespace courier
