#include "courier/adapters/openai_chat.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "courier/adapters/adapter_options.hpp"
#include "courier/adapters/chat_parameters.hpp"
#include "courier/adapters/json_answer.hpp"
#include "courier/adapters/lookup_options.hpp"
#include "courier/adapters/openai_chat_answer.hpp"
#include "courier/adapters/openai_error.hpp"
#include "courier/http_status.hpp"
#include "courier/text/event_buffer.hpp"
#include "courier/text/text_answer.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;
using wire::ErrorClass;

// Of one document: a whole answer, or an event of a stream. More than what an answer may say.
constexpr std::size_t max_document_bytes = std::size_t{4} << 20;

std::string make_body(const wire::Submit &submit, const ChatParameters &parameters) {
  AdapterOptions const options("openai_chat", submit.options, {"stream_usage"});
  Json body = parameters.others;
  Json messages = parameters.messages;
  if (messages.empty()) refuse_parameter("prompt is missing, and so is messages");
  if (!parameters.system.empty()) {
    Json const first = {{"role", "system"}, {"content", parameters.system}};
    messages.insert(messages.begin(), first);
  }
  body["messages"] = std::move(messages);
  body["stream"] = parameters.stream;
  if (parameters.stream && options.flag("stream_usage", true)) {
    Json &wanted = body["stream_options"];
    if (!wanted.is_object()) wanted = Json::object();
    wanted["include_usage"] = true;
  }
  if (!submit.model.empty()) body["model"] = submit.model;
  return request_text(body);
}

class OpenaiChat : public Adapter {
 public:
  explicit OpenaiChat(const wire::Submit &submit)
      : id_header_(parse_lookup_options(submit.options).id_header),
        id_(submit.attempt.to_string()),
        parameters_(read_chat_parameters(submit.parameters)),
        body_(make_body(submit, parameters_)),
        answer_(submit.max_output_bytes),
        whole_(max_document_bytes) {}

  HttpRequest request() override;
  std::size_t max_outputs() const override { return 0; }
  void begin_response(const ResponseHead &head) override;
  void consume(std::string_view body) override;
  Step finish() override;
  AttemptError explain(const ResponseHead &head, std::string_view body) const override {
    return explain_openai_status(head, body);
  }
  std::string take_text() override { return answer_.take_text(); }

 private:
  void take_event(std::string_view data, const std::string &type);
  void finish_stream();

  std::string const id_header_;
  std::string const id_;
  ChatParameters const parameters_;
  std::string const body_;
  text::TextAnswer answer_;
  JsonAnswer whole_;
  std::optional<text::EventBuffer> events_;  // of an answer that is a stream
  bool is_over_ = false;                     // the stream has no more bytes
  bool is_done_ = false;                     // the server said so
};

HttpRequest OpenaiChat::request() {
  HttpRequest request;
  request.path = "/chat/completions";
  request.headers = {"Content-Type: application/json",
                     parameters_.stream ? "Accept: text/event-stream, application/json"
                                        : "Accept: application/json"};
  if (!id_header_.empty()) request.headers.push_back(id_header_ + ": " + id_);
  request.body = body_;
  return request;
}

// What the server sends counts, and not what it was asked for.
void OpenaiChat::begin_response(const ResponseHead &head) {
  bool const is_stream =
      head.content_type.empty() ? parameters_.stream : is_event_stream_type(head.content_type);
  is_over_ = is_done_ = false;
  events_.reset();
  answer_.begin(is_stream);
  if (is_stream)
    events_.emplace(max_document_bytes, [this](std::string_view data, const std::string &type) {
      take_event(data, type);
    });
  else
    whole_.begin(head);
}

void OpenaiChat::consume(std::string_view body) {
  if (events_)
    events_->feed(body);
  else
    whole_.consume(body);
}

void OpenaiChat::take_event(std::string_view data, const std::string &type) {
  if (is_done_ || data.empty()) return;
  if (data == "[DONE]") {
    is_done_ = true;
    return;
  }
  Json document = json_or_null(data);
  if (!document.is_object()) {
    if (is_over_) return;  // the end of the stream cut it short
    throw AttemptError(ErrorClass::bad_response, "the stream has an event that is not usable JSON");
  }
  if (type == "error" && !document.contains("error"))
    document = Json{{"error", std::move(document)}};
  read_chat_document(document, answer_);
}

Step OpenaiChat::finish() {
  if (events_)
    finish_stream();
  else
    read_chat_document(whole_.finish(), answer_);
  if (!answer_.is_finished())
    throw AttemptError(ErrorClass::bad_response, "the answer does not say why the model stopped");
  return Result{{}, answer_.metadata(), answer_.result()};
}

void OpenaiChat::finish_stream() {
  is_over_ = true;
  events_->finish();
  if (is_done_) return;
  throw AttemptError(ErrorClass::ambiguous, "the stream ended before the answer was complete");
}

}  // namespace

std::unique_ptr<Adapter> make_openai_chat(const wire::Submit &submit, const std::string &) {
  return std::make_unique<OpenaiChat>(submit);
}

}  // namespace courier
