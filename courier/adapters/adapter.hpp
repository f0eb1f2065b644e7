// adapter.hpp -- what differs between inference servers, and nothing else.
//
// An adapter lives for one attempt, which may take several requests: to submit, to ask how far it
// is, to fetch what came of it. It writes each request, takes the successful answer piece by piece,
// and says what comes next, or what an unsuccessful answer means. It does no I/O and waits for
// nothing: Attempt moves the bytes, so an adapter is tested with strings.
//
// Once external_id() is known, what follows may be repeated: Attempt asks again, at longer and
// longer intervals, when a connection breaks or a server is busy, and the adapter hears nothing of
// that. An attempt whose courier died goes on with an adapter that is given that id (Submit has it)
// and begins with the question how far it is.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "courier/attempt_error.hpp"
#include "wire/messages.hpp"

namespace courier {

enum class Method : std::uint8_t { get, post, put, del };

struct HttpRequest {
  std::string path;   // appended to the endpoint's URL
  std::string query;  // behind that, without the question mark, encoded; empty: none
  std::vector<std::string> headers;
  std::string body;
  Method method = Method::post;
  bool from_root = false;  // the path begins at the root of the server and not behind the URL's own
  // A whole http(s) URL in the place of the path, as a server named it. It is fetched under guard:
  // from public addresses only, unless the endpoint is a private one, and redirects are followed.
  std::string url;
  // The credential goes with a url only to the endpoint's own host and port, or with TLS to hosts
  // below it, or at or below these.
  std::vector<std::string> trusted_hosts;
  // It was a user who named the url, for what a request starts from: from public addresses only,
  // whatever the endpoint may, without the credential, and what goes wrong is the user's affair.
  bool named_by_user = false;
  bool without_credential = false;  // not even there: a presigned URL takes no second one
};

struct ResponseHead {
  long status = 0;
  std::string content_type;
  bool has_retry_after = false;
  // How much of the body is JSON, by Inference-Header-Content-Length; below 0: it is not there.
  std::int64_t json_bytes = -1;
  // Any other header, while the head is handed over; empty where there is no connection.
  std::function<std::optional<std::string>(const char *name)> header = nullptr;
};

struct Result {
  std::vector<wire::Output> outputs;
  std::string metadata;  // JSON object
  std::string result;    // JSON: the answer itself, where it is no file; else empty
};

// There is more to ask: request() tells what, after that time.
struct Again {
  std::chrono::milliseconds after{0};
};

using Step = std::variant<Result, Again>;

// Thrown by an adapter that asks what became of a request: there is no result, or not yet.
class LookupAnswer : public AttemptError {
 public:
  LookupAnswer(wire::RequestState request_state, wire::ErrorClass error_class, std::string message)
      : AttemptError(error_class, std::move(message)), state(request_state) {}

  wire::RequestState state;
  double progress = -1;  // from 0 to 1; below: the server does not say
};

// All of these may throw AttemptError.
class Adapter {
 public:
  Adapter() = default;
  Adapter(const Adapter &) = delete;
  Adapter &operator=(const Adapter &) = delete;
  virtual ~Adapter() = default;

  // Once at first, and once after each Again.
  virtual HttpRequest request() = 0;
  // How many outputs the attempt may produce; each needs a descriptor.
  virtual std::size_t max_outputs() const = 0;

  // A 2xx answer: its head, its body in pieces, its end. A head begins anew: an earlier answer to
  // the same request broke off.
  virtual void begin_response(const ResponseHead &head) = 0;
  virtual void consume(std::string_view body) = 0;
  virtual Step finish() = 0;

  // Any other answer, with the beginning of its body.
  virtual AttemptError explain(const ResponseHead &head, std::string_view body) const = 0;

  // The provider's id of the request, as soon as an answer told it; until then empty, and always so
  // where one request is all there is.
  virtual const std::string &external_id() const noexcept { return no_id_; }
  // How much is done, from 0 to 1; below: the server does not say.
  virtual double progress() const noexcept { return -1; }
  // What was said since the last call, of an answer that is a text which comes bit by bit.
  virtual std::string take_text() { return {}; }

  // How the server is told to stop. None: closing the connection is how. Where the request goes on
  // without a connection and external_id() is not known yet, that is waited for (see
  // outlives_connection). Whatever it answers, the attempt is cancelled then.
  virtual std::optional<HttpRequest> cancel_request() { return std::nullopt; }
  virtual bool outlives_connection() const noexcept { return false; }

 private:
  std::string const no_id_;
};

// Throws AttemptError(internal) for a name nobody implements, and invalid_input for parameters that
// cannot be sent.
std::unique_ptr<Adapter> make_adapter(const wire::Submit &submit, const std::string &spool_folder);

}  // namespace courier
