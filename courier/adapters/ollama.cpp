#include "courier/adapters/ollama.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "courier/adapters/adapter_options.hpp"
#include "courier/adapters/chat_parameters.hpp"
#include "courier/adapters/json_answer.hpp"
#include "courier/adapters/lookup_options.hpp"
#include "courier/adapters/ollama_request.hpp"
#include "courier/http_status.hpp"
#include "courier/json/members.hpp"
#include "courier/text/line_parser.hpp"
#include "courier/text/text_answer.hpp"
#include "wire/text.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;
using text::FinishReason;
using wire::ErrorClass;

// More than what an answer may say; the last line may have a context of hundreds of thousands of
// numbers besides.
constexpr std::size_t max_line_bytes = std::size_t{4} << 20;
constexpr std::size_t max_word_bytes = 60;

// Its own text, where that tells more than the status, or where there is none.
std::optional<ErrorClass> class_of_text(std::string_view text) {
  struct Known {
    std::string_view words;
    ErrorClass error_class;
  };
  constexpr std::array known = {
      Known{"server busy", ErrorClass::throttled},
      Known{"runner process",
            ErrorClass::worker_crash},  // "... no longer running", "has terminated"
      Known{"out of memory", ErrorClass::worker_crash},
      Known{"requires more system memory", ErrorClass::worker_crash},
  };
  for (const Known &one : known)
    if (text.find(one.words) != std::string_view::npos) return one.error_class;
  return std::nullopt;
}

void note_seconds(const Json &line, const char *name, const char *fact, Json &durations) {
  constexpr double ns_per_second = 1e9;
  if (auto const value = json::count(line, name))
    durations[fact] = static_cast<double>(*value) / ns_per_second;
}

class Ollama : public Adapter {
 public:
  explicit Ollama(const wire::Submit &submit)
      : id_header_(parse_lookup_options(submit.options).id_header),
        id_(submit.attempt.to_string()),
        parameters_(read_chat_parameters(submit.parameters)),
        is_chat_(wants_chat(submit, parameters_)),
        body_(make_ollama_body(submit.model, parameters_, is_chat_)),
        answer_(submit.max_output_bytes) {}

  HttpRequest request() override;
  std::size_t max_outputs() const override { return 0; }
  void begin_response(const ResponseHead &head) override;
  void consume(std::string_view body) override { lines_->feed(body); }
  Step finish() override;
  AttemptError explain(const ResponseHead &head, std::string_view body) const override;
  std::string take_text() override { return answer_.take_text(); }

 private:
  static bool wants_chat(const wire::Submit &submit, const ChatParameters &parameters);
  void take_line(std::string_view text);
  void take_end(const Json &line);
  void take_tool_calls(const Json &calls);

  std::string const id_header_;
  std::string const id_;
  ChatParameters const parameters_;
  bool const is_chat_;
  std::string const body_;
  text::TextAnswer answer_;
  std::optional<text::LineParser> lines_;
  bool is_over_ = false;  // there are no more bytes
};

bool Ollama::wants_chat(const wire::Submit &submit, const ChatParameters &parameters) {
  AdapterOptions const options("ollama", submit.options, {"api"});
  std::string const api = options.text("api", is_for_generate(parameters) ? "generate" : "chat");
  if (api != "chat" && api != "generate")
    AdapterOptions::refuse("api is neither chat nor generate");
  return api == "chat";
}

HttpRequest Ollama::request() {
  HttpRequest request;
  request.path = is_chat_ ? "/api/chat" : "/api/generate";
  request.headers = {"Content-Type: application/json", "Accept: application/x-ndjson"};
  if (!id_header_.empty()) request.headers.push_back(id_header_ + ": " + id_);
  request.body = body_;
  return request;
}

// An answer at once is a stream of one line.
void Ollama::begin_response(const ResponseHead &head) {
  std::string const &type = head.content_type;
  if (!is_json_type(type) && !type.starts_with("application/x-ndjson"))
    throw AttemptError(ErrorClass::bad_response,
                       "the server answers with " + type + " instead of JSON");
  is_over_ = false;
  answer_.begin(parameters_.stream);
  lines_.emplace(max_line_bytes, [this](std::string_view line) { take_line(line); });
}

void Ollama::take_line(std::string_view text) {
  if (answer_.is_finished()) return;
  Json const line = json_or_null(text);
  if (!line.is_object()) {
    if (is_over_) return;  // the end of the stream cut it short
    throw AttemptError(ErrorClass::bad_response, "the answer has a line that is not usable JSON");
  }
  if (const Json *const error = json::member(line, "error")) {
    std::string const why = error->is_string() ? error->get<std::string>() : error->dump();
    throw AttemptError(class_of_text(why).value_or(ErrorClass::bad_response),
                       "the server reports an error with status 200: " + why);
  }
  const Json &message = json::structure(line, "message");
  answer_.add_reasoning(json::text(message, "thinking") + json::text(line, "thinking"));
  answer_.add_text(json::text(message, "content") + json::text(line, "response"));
  take_tool_calls(json::structure(message, "tool_calls"));
  const Json *const done = json::member(line, "done");
  if (done != nullptr && *done == true) take_end(line);
}

void Ollama::take_tool_calls(const Json &calls) {
  for (const Json &call : calls) {
    const Json &function = json::structure(call, "function");
    const Json *const arguments = json::member(function, "arguments");
    answer_.add_tool_call(json::text(call, "id"), json::text(function, "name"),
                          arguments != nullptr ? *arguments : Json::object());
  }
}

void Ollama::take_end(const Json &line) {
  std::string const reason = json::text(line, "done_reason");
  if (reason == "length") {
    answer_.finish(FinishReason::length);
  } else if (reason == "stop" || reason.empty()) {
    answer_.finish(FinishReason::stop);
  } else {  // "load" and "unload" are no answers
    throw AttemptError(ErrorClass::bad_response,
                       "the model stopped for a reason that nobody knows: " +
                           wire::clean_text(reason, max_word_bytes, wire::Lines::one));
  }
  answer_.usage.prompt_tokens = json::count(line, "prompt_eval_count");
  answer_.usage.completion_tokens = json::count(line, "eval_count");
  note_fact(answer_, line, "model");
  Json durations = Json::object();
  note_seconds(line, "total_duration", "total_seconds", durations);
  note_seconds(line, "load_duration", "load_seconds", durations);
  note_seconds(line, "prompt_eval_duration", "prompt_seconds", durations);
  note_seconds(line, "eval_duration", "completion_seconds", durations);
  if (!durations.empty()) answer_.facts["durations"] = std::move(durations);
}

Step Ollama::finish() {
  is_over_ = true;
  lines_->finish();
  if (!answer_.is_finished())
    throw AttemptError(ErrorClass::ambiguous, "the stream ended before the answer was complete");
  return Result{{}, answer_.metadata(), answer_.result()};
}

AttemptError Ollama::explain(const ResponseHead &head, std::string_view body) const {
  constexpr long unavailable = 503;
  ErrorClass error_class = class_of_status(head.status, head.has_retry_after);
  if (head.status == unavailable) error_class = ErrorClass::throttled;  // too many requests wait
  std::string const message = "the server answers " + std::to_string(head.status);
  std::string const why = json::text(json_or_null(body), "error");
  if (why.empty()) return {error_class, message};
  if (head.status >= 500) error_class = class_of_text(why).value_or(error_class);
  return {error_class, message + ": " + why};
}

}  // namespace

std::unique_ptr<Adapter> make_ollama(const wire::Submit &submit, const std::string &) {
  return std::make_unique<Ollama>(submit);
}

}  // namespace courier
