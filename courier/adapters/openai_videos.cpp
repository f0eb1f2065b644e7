#include "courier/adapters/openai_videos.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "courier/adapters/input_pictures.hpp"
#include "courier/adapters/job_parameters.hpp"
#include "courier/adapters/json_answer.hpp"
#include "courier/adapters/multipart.hpp"
#include "courier/adapters/openai_error.hpp"
#include "courier/adapters/openai_metadata.hpp"
#include "courier/adapters/output_fetch.hpp"
#include "courier/adapters/poll_pace.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;
using wire::ErrorClass;

constexpr milliseconds first_pause{1000};
constexpr milliseconds longest_pause{10000};
constexpr std::size_t max_id_bytes = 200;

[[noreturn]] void refuse(const std::string &why) {
  throw AttemptError(ErrorClass::invalid_input, why);
}

// As it is made, so that it can be part of a path.
bool is_video_id(const std::string &id) {
  return !id.empty() && id.size() <= max_id_bytes &&
         std::all_of(id.begin(), id.end(), [](char byte) {
           return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                  (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
         });
}

std::string text_of(const Json &value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

class OpenaiVideos : public Adapter {
 public:
  OpenaiVideos(const wire::Submit &submit, const std::string &spool_folder)
      : attempt_(submit.attempt.to_string()),
        model_(submit.model),
        parameters_(submit.parameters),
        id_(submit.external_id),
        content_(spool_folder, submit.max_output_bytes) {
    if (!id_.empty() && !is_video_id(id_)) refuse("the id of the video cannot be one");
  }

  HttpRequest request() override;
  std::size_t max_outputs() const override { return 1; }
  void begin_response(const ResponseHead &head) override;
  void consume(std::string_view body) override;
  Step finish() override;
  AttemptError explain(const ResponseHead &head, std::string_view body) const override;

  const std::string &external_id() const noexcept override { return id_; }
  double progress() const noexcept override { return progress_; }
  std::optional<HttpRequest> cancel_request() override;
  bool outlives_connection() const noexcept override { return true; }

 private:
  bool fetches_picture() const noexcept { return picture_.pending(); }
  void read_parameters();
  HttpRequest submission() const;
  HttpRequest about(Method method, const std::string &more = "") const;
  void learn_id(const Json &document);
  Step follow(const Json &document);

  std::string const attempt_;
  std::string const model_;
  std::string const parameters_;
  std::string id_;
  std::optional<Json> fields_;  // of the submission
  InputPictures picture_;
  JsonAnswer answer_;
  PollPace pace_{first_pause, longest_pause};
  double progress_ = -1;
  OutputFetch content_;
  std::string metadata_ = "{}";
};

// ---- the requests ----

void OpenaiVideos::read_parameters() {
  JobParameters given(parameters_);
  fields_ = Json::object();
  Json &fields = *fields_;
  if (!model_.empty()) fields["model"] = model_;
  if (given.take_count("n", 1) != 1) refuse("parameter n is more than 1");
  for (const char *const name : {"seconds", "duration", "duration_seconds"}) {
    Json const value = given.take(name);
    if (value.is_null()) continue;
    if (!value.is_number() && !value.is_string())
      refuse(std::string("parameter ") + name + " is no time");
    fields["seconds"] = text_of(value);  // a text there, whatever it is here
  }
  Json const width = given.take("width");
  Json const height = given.take("height");
  if (width.is_null() != height.is_null()) refuse("width and height must be given together");
  if (!width.is_null()) fields["size"] = text_of(width) + "x" + text_of(height);
  for (const char *const name : {"input_reference", "image", "init_image", "reference_image_url"})
    if (Json const value = given.take(name); !value.is_null()) picture_.add(name, value);
  if (picture_.all().size() > 1) refuse("a video starts from one picture");
  for (const auto &[name, value] : given.rest().items()) {
    if (value.is_structured()) refuse("parameter " + name + " is neither a text nor a number");
    fields[name] = value;
  }
}

HttpRequest OpenaiVideos::request() {
  if (content_.pending()) return content_.request();
  if (!id_.empty()) return about(Method::get);
  if (!fields_) read_parameters();
  if (fetches_picture()) return picture_.request();
  return submission();
}

HttpRequest OpenaiVideos::submission() const {
  HttpRequest request;
  request.path = "/videos";
  request.headers = {"Accept: application/json"};
  if (picture_.all().empty()) {
    request.headers.emplace_back("Content-Type: application/json");
    request.body = json_text(*fields_);
    return request;
  }
  Multipart form;
  for (const auto &[name, value] : fields_->items())
    form.add(name, text_of(value));
  const InputPicture &picture = picture_.all().front();
  form.add_file("input_reference", "reference." + picture.extension, picture.media_type,
                picture.bytes);
  auto encoded = form.encode(attempt_);
  request.headers.push_back("Content-Type: " + encoded.content_type);
  request.body = std::move(encoded.body);
  return request;
}

HttpRequest OpenaiVideos::about(Method method, const std::string &more) const {
  HttpRequest request;
  request.method = method;
  request.path = "/videos/" + id_ + more;
  if (more.empty()) request.headers = {"Accept: application/json"};
  return request;
}

std::optional<HttpRequest> OpenaiVideos::cancel_request() {
  if (id_.empty()) return std::nullopt;
  return about(Method::del);
}

// ---- the answers ----

void OpenaiVideos::begin_response(const ResponseHead &head) {
  if (fetches_picture()) return picture_.begin_response();
  if (content_.pending()) return content_.begin_response(head);
  answer_.begin(head);
}

void OpenaiVideos::consume(std::string_view body) {
  if (fetches_picture()) return picture_.consume(body);
  if (content_.pending()) return content_.consume(body);
  answer_.consume(body);
}

Step OpenaiVideos::finish() {
  if (fetches_picture()) {
    picture_.finish();
    return Again{};
  }
  if (content_.pending()) {
    content_.finish();
    Result result;
    result.outputs = content_.take();
    result.metadata = metadata_;
    return result;
  }
  Json const document = answer_.finish();
  if (id_.empty()) learn_id(document);
  return follow(document);
}

// Whoever took a request and does not say under which id may be carrying it out.
void OpenaiVideos::learn_id(const Json &document) {
  auto const id = document.is_object() ? document.find("id") : document.end();
  if (id != document.end() && id->is_string() && is_video_id(id->get_ref<const std::string &>())) {
    id_ = id->get<std::string>();
    picture_ = InputPictures();
    return;
  }
  if (auto const error = find_openai_error(document))
    throw AttemptError(error->error_class.value_or(ErrorClass::bad_response),
                       "the server reports an error with status 200: " + error->message);
  throw AttemptError(ErrorClass::ambiguous,
                     "the server took the request, and its answer has no id of the video");
}

Step OpenaiVideos::follow(const Json &document) {
  bool const has_word = document.is_object() && document.contains("status");
  std::string const word = has_word ? text_of(document.at("status")) : "nothing";
  if (word == "queued" || word == "in_progress") {
    constexpr double all = 100;
    auto const done = document.find("progress");
    if (done != document.end() && done->is_number())
      progress_ = std::clamp(done->get<double>() / all, 0.0, 1.0);
    return Again{pace_.next()};
  }
  if (word == "failed") {
    auto const error = find_openai_error(document);
    ErrorClass error_class = ErrorClass::worker_crash;
    if (error && error->error_class) error_class = *error->error_class;
    throw AttemptError(error_class, "the server says that the video failed" +
                                        (error ? ": " + error->message : std::string()));
  }
  if (word != "completed")
    throw AttemptError(
        ErrorClass::bad_response,
        "the server says " + word + " of the video, which is no state that is known");
  metadata_ = openai_metadata(document, {});
  content_.add(about(Method::get, "/content"), "the video");
  return Again{};
}

AttemptError OpenaiVideos::explain(const ResponseHead &head, std::string_view body) const {
  if (fetches_picture()) return picture_.explain(head);
  if (content_.pending()) return content_.explain(head);
  AttemptError error = explain_openai_status(head, body);
  constexpr long not_found = 404;
  constexpr long gone = 410;
  if (!id_.empty() && (head.status == not_found || head.status == gone))
    throw LookupAnswer(wire::RequestState::failed, ErrorClass::expired,
                       "asked about the video, " + error.message());
  return error;
}

}  // namespace

std::unique_ptr<Adapter> make_openai_videos(const wire::Submit &submit,
                                            const std::string &spool_folder) {
  return std::make_unique<OpenaiVideos>(submit, spool_folder);
}

}  // namespace courier
