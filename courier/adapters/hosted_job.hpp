// hosted_job.hpp -- what the adapters of hosted queues have in common: a request is submitted once,
// then the provider is asked until it is done, then its files are fetched.
//
// A request whose submission was accepted is paid for, whatever its answer looks like: without an
// id in it the outcome is ambiguous. Once there is an id, an answer that is no JSON (some proxy in
// between) is not yet the end; only several in a row are.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "courier/adapters/adapter.hpp"
#include "courier/adapters/file_answer.hpp"
#include "courier/adapters/hosted_options.hpp"
#include "courier/adapters/output_fetch.hpp"
#include "courier/adapters/output_links.hpp"
#include "courier/adapters/queue_pace.hpp"

namespace courier {

class HostedJob : public Adapter {
 public:
  HttpRequest request() final;
  std::size_t max_outputs() const final { return max_outputs_; }
  void begin_response(const ResponseHead &head) final;
  void consume(std::string_view body) final;
  Step finish() final;
  AttemptError explain(const ResponseHead &head, std::string_view body) const final;
  const std::string &external_id() const noexcept final { return id_; }
  double progress() const noexcept final { return progress_; }
  std::optional<HttpRequest> cancel_request() final;
  bool outlives_connection() const noexcept final { return true; }

 protected:
  using Json = nlohmann::json;

  struct Pace {
    std::chrono::milliseconds shortest;
    std::chrono::milliseconds longest;
  };

  // What an answer says of the request. Failures are thrown.
  struct Verdict {
    enum class Standing : std::uint8_t { running, ask_more, done } standing = Standing::running;
    std::string state;  // the provider's word
  };

  HostedJob(const wire::Submit &submit, const std::string &spool_folder, HostedOptions options,
            Pace pace);

  const wire::Submit &submit() const noexcept { return submit_; }
  // Of the https URL where the provider may report; empty: nowhere.
  const std::string &webhook_url() const noexcept { return webhook_url_; }
  void set_progress(double fraction) noexcept;
  const std::string &log() const noexcept { return answer_->log(); }

  virtual HttpRequest submission(const Json &input) = 0;
  virtual HttpRequest question() const = 0;
  virtual HttpRequest cancellation() const = 0;
  virtual FileAnswer::Roles roles() const = 0;
  // The member of the answer to a submission that is the id.
  virtual const char *id_member() const = 0;
  // After the id is known, with each answer, the one to the submission too.
  virtual Verdict judge(const Json &document) = 0;
  virtual Json output_of(Json &&document) const = 0;
  virtual bool is_file(const LinkParts &link, const Json *holder, std::string_view name) const = 0;
  // How the file behind a link is fetched: by default as everybody could.
  virtual HttpRequest fetch(std::string link) const;
  // What to keep beside the outputs.
  virtual Json facts() const = 0;
  virtual AttemptError explain_answer(const ResponseHead &head, const Json &body) const = 0;

 private:
  bool is_fetching() const noexcept { return fetch_ && fetch_->pending(); }
  Step unusable();
  void accept(const Json &document);
  Step collect(Json &&document);
  Step conclude();
  void take_seed(Json &metadata);

  wire::Submit const submit_;
  std::string const spool_folder_;
  HostedOptions const options_;
  bool const is_resumed_;
  std::string const webhook_url_;
  Json input_;
  std::size_t max_outputs_;
  QueuePace pace_;

  std::string id_;
  double progress_ = -1;
  int unusable_answers_ = 0;  // in a row
  std::optional<FileAnswer> answer_;
  std::vector<wire::Output> files_;
  Json rest_;
  std::optional<OutputFetch> fetch_;
  bool is_done_ = false;
};

// A path with nothing in it that would need an escape.
bool is_plain_path(std::string_view path);

// What a body of problem+json and the like says: its title, and its detail, error or message.
std::string problem_text(const nlohmann::json &body);

}  // namespace courier
