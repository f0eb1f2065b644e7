#include "courier/adapters/hosted_job.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "courier/adapters/json_answer.hpp"
#include "courier/http_status.hpp"
#include "courier/json/members.hpp"

namespace courier {

namespace {

using Json = nlohmann::json;
using wire::ErrorClass;

constexpr std::size_t max_id_bytes = 200;
constexpr int most_unusable_answers = 3;
constexpr long not_found = 404;
constexpr long gone = 410;
// What models say of their pictures beside them.
constexpr std::array<const char *, 4> side_facts = {"seed", "timings", "has_nsfw_concepts",
                                                    "prompt"};

bool is_plain(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9') || byte == '-' || byte == '_' || byte == '.';
}

// An id becomes a part of paths.
bool is_id(const std::string &text) {
  return !text.empty() && text.size() <= max_id_bytes && text.front() != '.' &&
         std::all_of(text.begin(), text.end(), is_plain);
}

bool is_nothing(const Json &value) {
  return value.is_null() || value == "" || (value.is_structured() && value.empty());
}

// Where the files are the result, what is left and says nothing is none.
bool says_nothing(const Json &value) {
  return is_nothing(value) ||
         (value.is_structured() && std::all_of(value.begin(), value.end(), says_nothing));
}

std::string https_only(const std::string &url) { return url.starts_with("https://") ? url : ""; }

}  // namespace

HostedJob::HostedJob(const wire::Submit &submit, const std::string &spool_folder,
                     HostedOptions options, Pace pace)
    : submit_(submit),
      spool_folder_(spool_folder),
      options_(std::move(options)),
      is_resumed_(!submit.external_id.empty()),
      webhook_url_(https_only(submit.webhook_url)),
      max_outputs_(options_.max_outputs),
      // Where the provider reports by itself, questions are for the report that gets lost.
      pace_(webhook_url_.empty() ? pace.shortest : std::min(pace.longest, 4 * pace.shortest),
            pace.longest, submit.attempt),
      id_(submit.external_id) {
  if (is_resumed_ && !is_id(id_))
    throw AttemptError(ErrorClass::internal, "the provider's id of the request is none");
  input_ = make_input(options_, submit_);
  max_outputs_ = count_outputs(options_, input_);
}

HttpRequest HostedJob::request() {
  if (is_fetching()) return fetch_->request();
  HttpRequest request;
  if (id_.empty()) {
    request = submission(std::exchange(input_, Json()));
    request.headers.insert(request.headers.begin(), "Content-Type: application/json");
  } else {
    request = question();
    request.method = Method::get;
  }
  request.headers.insert(request.headers.begin(), "Accept: application/json");
  return request;
}

std::optional<HttpRequest> HostedJob::cancel_request() {
  if (id_.empty() || is_done_) return std::nullopt;
  return cancellation();
}

void HostedJob::begin_response(const ResponseHead &head) {
  if (is_fetching()) return fetch_->begin_response(head);
  answer_.emplace(
      FileAnswer::Setup{spool_folder_, submit_.max_output_bytes, max_outputs_, roles()});
  if (!is_json_type(head.content_type))
    answer_->refuse("the provider answers with " + head.content_type + " instead of JSON");
}

void HostedJob::consume(std::string_view body) {
  if (is_fetching()) return fetch_->consume(body);
  try {
    answer_->consume(body);
  } catch (const AttemptError &error) {
    if (!id_.empty()) throw;
    answer_->refuse(error.message());  // what it is about may have begun all the same
  }
}

Step HostedJob::finish() {
  if (is_fetching()) {
    fetch_->finish();
    return conclude();
  }
  auto document = answer_->finish();
  if (!document) return unusable();
  unusable_answers_ = 0;
  if (id_.empty()) accept(*document);
  Verdict const verdict = judge(*document);
  switch (verdict.standing) {
    case Verdict::Standing::running:
      return Again{pace_.next(verdict.state)};
    case Verdict::Standing::ask_more:
      return Again{};
    case Verdict::Standing::done:
      break;
  }
  return collect(std::move(*document));
}

Step HostedJob::unusable() {
  if (id_.empty())
    throw AttemptError(ErrorClass::ambiguous,
                       "the provider took the request, but " + answer_->problem());
  bool const is_lookup = submit_.purpose == wire::Purpose::lookup;
  if (is_lookup || ++unusable_answers_ > most_unusable_answers)
    throw AttemptError(ErrorClass::bad_response, answer_->problem());
  return Again{pace_.next("unusable")};
}

void HostedJob::accept(const Json &document) {
  std::string id = json::text(document, id_member());
  if (!is_id(id))
    throw AttemptError(
        ErrorClass::ambiguous,
        std::string("the provider took the request, but its answer has no ") + id_member());
  id_ = std::move(id);
}

void HostedJob::set_progress(double fraction) noexcept {
  if (fraction >= 0 && fraction <= 1) progress_ = fraction;
}

// ---- the result ----

Step HostedJob::collect(Json &&document) {
  is_done_ = true;
  files_ = answer_->take_files();
  std::size_t const room = max_outputs_ - files_.size();
  SeparatedOutput separated =
      separate_files(output_of(std::move(document)), options_.fetches_links ? room : 0,
                     [this](const LinkParts &link, const Json *holder, std::string_view name) {
                       return is_file(link, holder, name);
                     });
  rest_ = std::move(separated.rest);
  std::uint64_t spent = 0;
  for (const wire::Output &file : files_)
    spent += file.byte_count;
  fetch_.emplace(spool_folder_, submit_.max_output_bytes - spent);
  for (std::size_t i = 0; i < separated.links.size(); ++i)
    fetch_->add(fetch(std::move(separated.links[i])),
                "output " + std::to_string(files_.size() + i));
  return conclude();
}

HttpRequest HostedJob::fetch(std::string link) const {
  HttpRequest request = fetch_url(std::move(link));
  request.without_credential = true;
  return request;
}

Step HostedJob::conclude() {
  if (is_fetching()) return Again{};
  for (wire::Output &file : fetch_->take()) {
    file.index = static_cast<std::uint32_t>(files_.size());
    files_.push_back(std::move(file));
  }
  Json metadata = facts();
  if (!files_.empty()) take_seed(metadata);
  bool const is_all = files_.empty() ? is_nothing(rest_) : says_nothing(rest_);
  if (files_.empty() && is_all)
    throw AttemptError(ErrorClass::bad_response, "the request succeeded without an output");
  Result result;
  result.outputs = std::move(files_);
  result.metadata = metadata.dump();
  if (!is_all) result.result = rest_.dump();
  return result;
}

// What is only about the files is no result of its own.
void HostedJob::take_seed(Json &metadata) {
  for (const char *const name : side_facts) {
    if (!rest_.is_object() || !rest_.contains(name)) continue;
    metadata[name] = std::move(rest_.at(name));
    rest_.erase(name);
  }
  auto const seed = json::count(metadata, "seed");
  if (!seed) return;
  for (wire::Output &file : files_)
    file.seed = *seed;
}

// ---- errors ----

AttemptError HostedJob::explain(const ResponseHead &head, std::string_view body) const {
  if (is_fetching()) return fetch_->explain(head);
  Json const document = json_or_null(body);
  if (!id_.empty() && (head.status == not_found || head.status == gone)) {
    std::string const text = problem_text(document);
    return {ErrorClass::expired, "the provider does not know the request any more: it answers " +
                                     std::to_string(head.status) +
                                     (text.empty() ? "" : ": " + text)};
  }
  return explain_answer(head, document);
}

bool is_plain_path(std::string_view path) {
  if (path.empty() || path.find("//") != std::string_view::npos ||
      path.find("..") != std::string_view::npos)
    return false;
  return std::all_of(path.begin(), path.end(),
                     [](char byte) { return is_plain(byte) || byte == '/'; });
}

std::string problem_text(const Json &body) {
  if (body.is_string()) return body.get<std::string>();
  std::string text = json::text(body, "title");
  for (const char *const name : {"detail", "error", "message"}) {
    const Json *const found = json::member(body, name);
    if (found == nullptr) continue;
    std::string const said = found->is_string()
                                 ? found->get<std::string>()
                                 : found->dump(-1, ' ', false, Json::error_handler_t::replace);
    if (!text.empty()) text += ": ";
    return text += said;
  }
  return text;
}

}  // namespace courier
