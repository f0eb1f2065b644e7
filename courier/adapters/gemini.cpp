#include "courier/adapters/gemini.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "courier/adapters/adapter_options.hpp"
#include "courier/adapters/chat_parameters.hpp"
#include "courier/adapters/gemini_answer.hpp"
#include "courier/adapters/gemini_request.hpp"
#include "courier/adapters/imagen.hpp"
#include "courier/adapters/json_answer.hpp"
#include "courier/adapters/streamed_answer.hpp"
#include "courier/http_status.hpp"
#include "courier/json/members.hpp"
#include "courier/text/event_buffer.hpp"
#include "courier/text/text_answer.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;
using wire::ErrorClass;

constexpr std::size_t max_event_bytes = std::size_t{4} << 20;
constexpr std::size_t most_pictures = 8;
constexpr json::Skeleton::Limits limits = {100000, std::size_t{4} << 20};

bool makes_pictures(const std::string &model, const ChatParameters &parameters) {
  for (const char *const name : {"response_modalities", "responseModalities"})
    if (const Json *const wanted = json::member(parameters.others, name))
      return std::find(wanted->begin(), wanted->end(), "IMAGE") != wanted->end();
  return model.find("image") != std::string::npos;
}

bool is_thought(const Json &parts, std::size_t place) {
  if (!parts.is_array() || place >= parts.size()) return false;
  const Json *const thought = json::member(parts.at(place), "thought");
  return thought != nullptr && *thought == true;
}

class Gemini : public Adapter {
 public:
  Gemini(const wire::Submit &submit, const std::string &spool_folder)
      : model_(encode_model(submit.model)),
        parameters_(read_chat_parameters(submit.parameters)),
        wants_pictures_(makes_pictures(submit.model, parameters_)),
        body_(make_gemini_body(parameters_, wants_pictures_)),
        answer_(submit.max_output_bytes),
        whole_(
            spool_folder, submit.max_output_bytes,
            [this](const json::Path &path) { return picture_at(path); },
            [](const json::Path &path) { return is_signature(path); }, limits) {}

  HttpRequest request() override;
  std::size_t max_outputs() const override { return wants_pictures_ ? most_pictures : 0; }
  void begin_response(const ResponseHead &head) override;
  void consume(std::string_view body) override;
  Step finish() override;
  AttemptError explain(const ResponseHead &head, std::string_view body) const override {
    return explain_gemini_status(head, body);
  }
  std::string take_text() override { return answer_.take_text(); }

 private:
  bool streams() const { return parameters_.stream && !wants_pictures_; }
  std::optional<std::size_t> picture_at(const json::Path &path);
  // Large, and of no use without the conversation that it belongs to.
  static bool is_signature(const json::Path &path) {
    return !path.empty() && !path.back().in_array && path.back().key == "thoughtSignature";
  }
  void take_event(std::string_view data);
  void finish_stream();
  std::vector<wire::Output> finish_whole();

  std::string const model_;
  ChatParameters const parameters_;
  bool const wants_pictures_;
  std::string const body_;
  text::TextAnswer answer_;
  std::optional<text::EventBuffer> events_;  // of an answer that is a stream
  bool is_over_ = false;                     // the stream has no more bytes
  StreamedAnswer whole_;
  std::vector<std::size_t> picture_parts_;  // where each picture is among the parts
};

HttpRequest Gemini::request() {
  HttpRequest request;
  request.path = "/models/" + model_ + (streams() ? ":streamGenerateContent" : ":generateContent");
  if (streams()) request.query = "alt=sse";
  request.headers = {
      "Content-Type: application/json",
      streams() ? "Accept: text/event-stream, application/json" : "Accept: application/json"};
  request.body = body_;
  return request;
}

void Gemini::begin_response(const ResponseHead &head) {
  bool const is_stream =
      head.content_type.empty() ? streams() : is_event_stream_type(head.content_type);
  is_over_ = false;
  events_.reset();
  picture_parts_.clear();
  answer_.begin(is_stream);
  if (is_stream)
    events_.emplace(max_event_bytes,
                    [this](std::string_view data, const std::string &) { take_event(data); });
  else
    whole_.begin(head);
}

// candidates[0].content.parts[i].inlineData.data
std::optional<std::size_t> Gemini::picture_at(const json::Path &path) {
  constexpr std::size_t depth = 7;
  bool const is_picture = path.size() == depth && path[0].key == "candidates" &&
                          path[2].key == "content" && path[3].key == "parts" && path[4].in_array &&
                          path[5].key == "inlineData" && path[6].key == "data";
  if (!is_picture) return std::nullopt;
  if (picture_parts_.size() >= max_outputs())
    throw AttemptError(ErrorClass::bad_response,
                       "the answer has more than " + std::to_string(max_outputs()) + " pictures");
  picture_parts_.push_back(path[4].index);
  return picture_parts_.size() - 1;
}

void Gemini::consume(std::string_view body) {
  if (events_)
    events_->feed(body);
  else
    whole_.consume(body);
}

void Gemini::take_event(std::string_view data) {
  if (data.empty()) return;
  Json const document = json_or_null(data);
  if (document.is_object()) return read_gemini_document(document, answer_);
  if (is_over_) return;  // the end of the stream cut it short
  throw AttemptError(ErrorClass::bad_response, "the stream has an event that is not usable JSON");
}

Step Gemini::finish() {
  std::vector<wire::Output> outputs;
  if (events_)
    finish_stream();
  else
    outputs = finish_whole();
  bool const is_text = outputs.empty() || answer_.has_text();
  return Result{std::move(outputs), answer_.metadata(), is_text ? answer_.result() : ""};
}

void Gemini::finish_stream() {
  is_over_ = true;
  events_->finish();
  if (!answer_.is_finished())
    throw AttemptError(ErrorClass::ambiguous, "the stream ended before the answer was complete");
}

std::vector<wire::Output> Gemini::finish_whole() {
  const Json &document = whole_.finish();
  read_gemini_document(document, answer_);
  if (!answer_.is_finished())
    throw AttemptError(ErrorClass::bad_response, "the answer does not say why the model stopped");
  const Json &candidates = json::structure(document, "candidates");
  const Json &parts =
      candidates.empty() ? json::structure(document, "candidates")
                         : json::structure(json::structure(candidates.front(), "content"), "parts");
  std::vector<wire::Output> outputs;
  for (auto &[number, output] : whole_.take_pictures()) {
    if (is_thought(parts, picture_parts_.at(number))) continue;  // a draft
    output.index = static_cast<std::uint32_t>(outputs.size());
    outputs.push_back(std::move(output));
  }
  if (wants_pictures_ && outputs.empty())
    throw AttemptError(ErrorClass::bad_response, "the answer has no picture");
  return outputs;
}

}  // namespace

std::unique_ptr<Adapter> make_gemini(const wire::Submit &submit, const std::string &spool_folder) {
  AdapterOptions const options("gemini", submit.options, {"api"});
  std::string const usual = submit.model.starts_with("imagen") ? "predict" : "generate";
  std::string const api = options.text("api", usual);
  if (api == "predict") return make_imagen(submit, spool_folder);
  if (api != "generate") AdapterOptions::refuse("api is neither generate nor predict");
  return std::make_unique<Gemini>(submit, spool_folder);
}

}  // namespace courier
