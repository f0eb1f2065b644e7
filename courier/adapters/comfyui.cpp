#include "courier/adapters/comfyui.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "courier/adapters/comfyui_outputs.hpp"
#include "courier/adapters/comfyui_workflow.hpp"
#include "courier/adapters/database_json.hpp"
#include "courier/adapters/job_parameters.hpp"
#include "courier/adapters/output_fetch.hpp"
#include "courier/adapters/poll_pace.hpp"
#include "courier/adapters/server_error.hpp"
#include "courier/adapters/streamed_answer.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;
using wire::ErrorClass;

constexpr milliseconds first_pause{500};
constexpr milliseconds longest_pause{2000};
// The queue is asked for with all graphs in it, so that it is asked for rarely.
constexpr milliseconds between_queues{10000};
constexpr milliseconds between_queues_while_waiting{5000};
// Of history and queue without their graphs.
constexpr json::Skeleton::Limits limits{100000, std::size_t{4} << 20};
constexpr std::size_t max_text_bytes = std::size_t{1} << 20;
constexpr std::size_t max_id_bytes = 200;

[[noreturn]] void reject(const std::string &why) {
  throw AttemptError(ErrorClass::bad_response, why);
}

// A UUID, or what servers make that do not let us choose.
bool is_prompt_id(const std::string &id) {
  return !id.empty() && id.size() <= max_id_bytes &&
         std::all_of(id.begin(), id.end(), [](char byte) {
           return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                  (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
         });
}

// Of the history {id: {prompt, outputs, status}} and the queue {queue_...: [[number, id, ...]]}
// the graphs, and of an error what was in the node.
bool is_not_needed(const json::Path &path) {
  if (path.empty()) return false;
  const json::Step &last = path.back();
  if (path.front().key.starts_with("queue_"))
    return path.size() == 3 && last.in_array && last.index > 1;
  return (path.size() == 2 && (last.key == "prompt" || last.key == "meta")) ||
         last.key == "traceback" || last.key == "current_inputs" || last.key == "current_outputs";
}

class Comfyui : public Adapter {
 public:
  Comfyui(const wire::Submit &submit, const std::string &spool_folder)
      : purpose_(submit.purpose),
        workflow_(make_comfyui_workflow(submit)),
        answer_(spool_folder, 0, nullptr, is_not_needed, limits),
        fetch_(spool_folder, submit.max_output_bytes) {
    id_ = submit.external_id;
    // A lookup knows the id also of what no answer told about: it is ours.
    if (id_.empty() && purpose_ == wire::Purpose::lookup) id_ = submit.subject.to_string();
    if (id_.empty()) return;
    if (!is_prompt_id(id_))
      throw AttemptError(ErrorClass::invalid_input, "the id of the prompt cannot be one");
    asking_ = Asking::history;
  }

  HttpRequest request() override;
  std::size_t max_outputs() const override { return workflow_.max_outputs; }
  void begin_response(const ResponseHead &head) override;
  void consume(std::string_view body) override;
  Step finish() override;
  AttemptError explain(const ResponseHead &head, std::string_view body) const override;
  const std::string &external_id() const noexcept override { return id_; }
  std::optional<HttpRequest> cancel_request() override;
  bool outlives_connection() const noexcept override { return true; }

 private:
  enum class Asking { submit, history, queue, file };

  Step read_submission(const Json &document);
  Step read_history(const Json &document);
  Step read_queue(const Json &document);
  bool is_in(const Json &queue) const;
  Step collect(const Json &entry);
  Step take_result();
  [[noreturn]] void report_lost() const;

  wire::Purpose const purpose_;
  ComfyuiWorkflow const workflow_;
  StreamedAnswer answer_;
  OutputFetch fetch_;
  PollPace pace_{first_pause, longest_pause};
  Asking asking_ = Asking::submit;
  std::string id_;
  bool is_running_ = false;
  bool left_queue_ = false;
  milliseconds since_queue_ = between_queues;  // what is not there yet, the queue is asked about
  Json metadata_ = Json::object();
};

HttpRequest Comfyui::request() {
  if (asking_ == Asking::file) return fetch_.request();
  HttpRequest request;
  request.headers = {"Accept: application/json"};
  if (asking_ == Asking::submit) {
    request.path = "/prompt";
    request.headers.emplace_back("Content-Type: application/json");
    request.body = workflow_.body;
    return request;
  }
  request.method = Method::get;
  request.path = asking_ == Asking::queue ? "/queue" : "/history/" + id_;
  return request;
}

// Old versions interrupt whatever runs: only a prompt that was seen running may be.
std::optional<HttpRequest> Comfyui::cancel_request() {
  if (id_.empty()) return std::nullopt;
  HttpRequest request;
  request.headers = {"Content-Type: application/json"};
  request.path = is_running_ ? "/interrupt" : "/queue";
  request.body =
      is_running_ ? json_text({{"prompt_id", id_}}) : json_text({{"delete", Json::array({id_})}});
  return request;
}

void Comfyui::begin_response(const ResponseHead &head) {
  if (asking_ == Asking::file)
    fetch_.begin_response(head);
  else
    answer_.begin(head);
}

void Comfyui::consume(std::string_view body) {
  if (asking_ == Asking::file)
    fetch_.consume(body);
  else
    answer_.consume(body);
}

Step Comfyui::finish() {
  if (asking_ == Asking::file) {
    fetch_.finish();
    return take_result();
  }
  const Json &document = answer_.finish();
  if (asking_ == Asking::submit) return read_submission(document);
  return asking_ == Asking::queue ? read_queue(document) : read_history(document);
}

// Old versions choose the id themselves.
Step Comfyui::read_submission(const Json &document) {
  auto const id = document.is_object() ? document.find("prompt_id") : document.end();
  if (!document.is_object() || id == document.end() || !id->is_string() ||
      !is_prompt_id(id->get_ref<const std::string &>()))
    reject("the server took the workflow and does not say under which prompt_id");
  id_ = id->get<std::string>();
  asking_ = Asking::history;
  return Again{pace_.next()};
}

Step Comfyui::read_history(const Json &document) {
  if (!document.is_object()) reject("the history is not an object");
  auto const entry = document.find(id_);
  if (entry != document.end()) return collect(*entry);
  if (left_queue_) report_lost();
  auto const limit = is_running_ ? between_queues : between_queues_while_waiting;
  if (since_queue_ >= limit) {
    asking_ = Asking::queue;
    return Again{};
  }
  milliseconds const pause = pace_.next();
  since_queue_ += pause;
  return Again{pause};
}

Step Comfyui::read_queue(const Json &document) {
  if (!document.is_object() || !document.contains("queue_running") ||
      !document.contains("queue_pending"))
    reject("the queue has no queue_running and queue_pending");
  asking_ = Asking::history;
  since_queue_ = milliseconds{0};
  bool const was_running = std::exchange(is_running_, is_in(document.at("queue_running")));
  left_queue_ = !is_running_ && !is_in(document.at("queue_pending"));
  if (left_queue_) return Again{};  // it ended a moment ago, or the server was restarted
  if (is_running_ && !was_running) pace_.restart();
  milliseconds const pause = pace_.next();
  since_queue_ += pause;
  return Again{pause};
}

bool Comfyui::is_in(const Json &queue) const {
  return queue.is_array() && std::any_of(queue.begin(), queue.end(), [this](const Json &item) {
           return item.is_array() && item.size() > 1 && item[1] == id_;
         });
}

Step Comfyui::collect(const Json &entry) {
  ComfyuiOutputs const outputs = read_comfyui_entry(entry, workflow_);
  metadata_["prompt_id"] = id_;
  if (double const seconds = comfyui_seconds(entry); seconds >= 0) metadata_["seconds"] = seconds;
  Json facts = Json::array();
  for (const ComfyuiFile &file : outputs.files) {
    Json fact = {{"index", facts.size()}, {"node", file.node}, {"filename", file.filename}};
    if (seed_of_output(workflow_.seed, 0) >= 0) fact["seed"] = workflow_.seed;
    facts.push_back(std::move(fact));
    fetch_.add(file.request, file.filename);
  }
  if (!outputs.files.empty()) {
    metadata_["outputs"] = std::move(facts);
    asking_ = Asking::file;
    return Again{};
  }
  Result result;
  Json const texts = outputs.texts.size() == 1 ? Json(outputs.texts[0]) : Json(outputs.texts);
  result.result = database_json(texts);
  if (result.result.size() > max_text_bytes)
    throw AttemptError(ErrorClass::too_large, "the texts of the workflow have more than " +
                                                  std::to_string(max_text_bytes) + " bytes");
  result.metadata = database_json(metadata_);
  return result;
}

Step Comfyui::take_result() {
  if (fetch_.pending()) return Again{};
  Result result;
  result.outputs = fetch_.take();
  for (wire::Output &output : result.outputs)
    output.seed = seed_of_output(workflow_.seed, 0);
  result.metadata = database_json(metadata_);
  return result;
}

// Its prompts are in its memory alone.
void Comfyui::report_lost() const {
  std::string const message = "the prompt " + id_ + " is neither in the queue nor in the history";
  if (purpose_ == wire::Purpose::lookup)
    throw LookupAnswer(wire::RequestState::unknown, ErrorClass::internal, message);
  throw AttemptError(ErrorClass::worker_crash,
                     message + ": the server was restarted, or somebody took it out");
}

AttemptError Comfyui::explain(const ResponseHead &head, std::string_view body) const {
  if (asking_ == Asking::submit) return comfyui_refusal(head, body);
  if (asking_ == Asking::file) return fetch_.explain(head);
  return server_error(
      head, body,
      asking_ == Asking::queue ? "asked for the queue" : "asked for the history of " + id_);
}

}  // namespace

std::unique_ptr<Adapter> make_comfyui(const wire::Submit &submit, const std::string &spool_folder) {
  return std::make_unique<Comfyui>(submit, spool_folder);
}

}  // namespace courier
