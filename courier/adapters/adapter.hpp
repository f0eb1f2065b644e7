// adapter.hpp -- what differs between inference servers, and nothing else.
//
// An adapter lives for one attempt. It writes the request, takes a successful answer piece by
// piece, and says what an unsuccessful one means. It does no I/O: Transfer moves the bytes, so an
// adapter is tested with strings.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "courier/attempt_error.hpp"
#include "wire/messages.hpp"

namespace courier {

struct HttpRequest {
  std::string path;  // appended to the endpoint's URL
  std::vector<std::string> headers;
  std::string body;
};

struct ResponseHead {
  long status = 0;
  std::string content_type;
  bool has_retry_after = false;
};

struct Result {
  std::vector<wire::Output> outputs;
  std::string metadata;  // JSON object
  std::string result;    // JSON: the answer itself, where it is no file; else empty
};

// All of these may throw AttemptError.
class Adapter {
 public:
  Adapter() = default;
  Adapter(const Adapter &) = delete;
  Adapter &operator=(const Adapter &) = delete;
  virtual ~Adapter() = default;

  virtual HttpRequest request() = 0;
  // How many outputs the attempt may produce; each needs a descriptor.
  virtual std::size_t max_outputs() const = 0;

  // A 2xx answer: its head, its body in pieces, its end.
  virtual void begin_response(const ResponseHead &head) = 0;
  virtual void consume(std::string_view body) = 0;
  virtual Result finish() = 0;

  // Any other answer, with the beginning of its body.
  virtual AttemptError explain(const ResponseHead &head, std::string_view body) const = 0;
};

// Throws AttemptError(internal) for a name nobody implements, and invalid_input for parameters that
// cannot be sent.
std::unique_ptr<Adapter> make_adapter(const wire::Submit &submit, const std::string &spool_folder);

}  // namespace courier
