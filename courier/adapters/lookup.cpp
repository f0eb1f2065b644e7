#include "courier/adapters/lookup.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "courier/adapters/lookup_options.hpp"
#include "courier/adapters/openai_error.hpp"
#include "courier/http_status.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;
using wire::ErrorClass;
using wire::RequestState;

// An answer that says how far a request is has not more.
constexpr std::size_t max_status_bytes = std::size_t{64} << 10;

const Json *find(const Json &document, const Json::json_pointer &place) {
  return document.contains(place) ? &document.at(place) : nullptr;
}

class Lookup : public Adapter {
 public:
  Lookup(const wire::Submit &submit, std::unique_ptr<Adapter> inner)
      : options_(parse_lookup_options(submit.options)),
        id_(submit.subject.to_string()),
        inner_(std::move(inner)) {
    if (options_.path.empty())
      throw AttemptError(ErrorClass::invalid_input,
                         "adapter_options of the provider: lookup is missing");
  }

  HttpRequest request() override;
  std::size_t max_outputs() const override { return inner_->max_outputs(); }
  void begin_response(const ResponseHead &head) override;
  void consume(std::string_view body) override;
  Step finish() override;
  AttemptError explain(const ResponseHead &head, std::string_view body) const override;

 private:
  Step take_result();
  std::optional<std::string> state_word(const Json &document) const;
  [[noreturn]] void report_running(const Json &document) const;
  [[noreturn]] static void report_failed(const Json &document, const std::string &word);

  LookupOptions const options_;
  std::string const id_;
  std::unique_ptr<Adapter> const inner_;
  bool accepted_ = false;  // status 202
  bool fetches_ = false;   // the answer said where the result is
  std::string status_;
};

HttpRequest Lookup::request() {
  if (fetches_) return inner_->request();
  constexpr std::string_view place = "{id}";
  HttpRequest request;
  request.path = options_.path;
  for (std::size_t at = request.path.find(place); at != std::string::npos;
       at = request.path.find(place))
    request.path.replace(at, place.size(), id_);
  request.headers = {"Accept: application/json"};
  request.method = Method::get;
  return request;
}

void Lookup::begin_response(const ResponseHead &head) {
  status_.clear();
  constexpr long accepted = 202;
  accepted_ = !fetches_ && head.status == accepted;
  if (!accepted_) inner_->begin_response(head);
}

void Lookup::consume(std::string_view body) {
  status_.append(body.substr(0, max_status_bytes - status_.size()));
  if (!accepted_) inner_->consume(body);
}

Step Lookup::finish() {
  if (fetches_) return inner_->finish();
  Json const document = Json::parse(status_, nullptr, false);  // discarded when it is cut off
  auto const word = state_word(document);
  if (!word) {
    if (accepted_) report_running(document);
    return take_result();
  }
  auto const known = options_.states.find(*word);
  if (known == options_.states.end())
    throw AttemptError(ErrorClass::bad_response,
                       "asked what became of the request, the server says " + *word +
                           ", which lookup_states does not know");
  switch (known->second) {
    case LookupState::running:
      report_running(document);
    case LookupState::unknown:
      throw LookupAnswer(RequestState::unknown, ErrorClass::internal, "the server says " + *word);
    case LookupState::failed:
      report_failed(document, *word);
    case LookupState::finished:
      break;
  }
  return take_result();
}

Step Lookup::take_result() {
  Step step = inner_->finish();
  fetches_ = std::holds_alternative<Again>(step);
  return step;
}

std::optional<std::string> Lookup::state_word(const Json &document) const {
  const Json *const word = find(document, options_.state);
  if (word == nullptr || !word->is_string()) return std::nullopt;
  return word->get<std::string>();
}

void Lookup::report_running(const Json &document) const {
  LookupAnswer answer(RequestState::running, ErrorClass::internal,
                      "the request is being carried out");
  const Json *const progress = find(document, options_.progress);
  double const fraction =
      progress != nullptr && progress->is_number() ? progress->get<double>() : -1;
  if (fraction >= 0 && fraction <= 1) answer.progress = fraction;
  throw LookupAnswer(answer);
}

void Lookup::report_failed(const Json &document, const std::string &word) {
  auto const error = find_openai_error(document);
  std::string const why = error ? error->message : word;
  throw LookupAnswer(
      RequestState::failed,
      error ? error->error_class.value_or(ErrorClass::worker_crash) : ErrorClass::worker_crash,
      "the server says that the request failed: " + why);
}

AttemptError Lookup::explain(const ResponseHead &head, std::string_view body) const {
  if (fetches_) return inner_->explain(head, body);
  constexpr long not_found = 404;
  constexpr long gone = 410;
  std::string const message =
      "asked what became of the request, the server answers " + std::to_string(head.status);
  if (head.status == not_found)
    throw LookupAnswer(RequestState::unknown, ErrorClass::internal, message);
  if (head.status == gone) throw LookupAnswer(RequestState::failed, ErrorClass::expired, message);
  return {class_of_status(head.status, head.has_retry_after), message};
}

}  // namespace

std::unique_ptr<Adapter> make_lookup(const wire::Submit &submit, std::unique_ptr<Adapter> inner) {
  return std::make_unique<Lookup>(submit, std::move(inner));
}

std::string options_of_lookup(const std::string &options) {
  Json document = Json::parse(options, nullptr, false);
  if (!document.is_object() || !document.contains("lookup_result")) return options;
  document["result"] = document["lookup_result"];
  return document.dump();
}

}  // namespace courier
