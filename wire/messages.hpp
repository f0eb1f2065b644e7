// messages.hpp -- everything that dispatcher and courier say to each other.
//
// encode() turns a message into a frame, decode() does the reverse and throws ProtocolError for
// anything that encode() could not have produced. What the courier sends and SQL will store is
// checked to be database text.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "wire/error_class.hpp"
#include "wire/file_descriptor.hpp"
#include "wire/frame.hpp"
#include "wire/uuid.hpp"

namespace wire {

inline constexpr std::uint32_t protocol_version = 4;
inline constexpr std::size_t max_failure_message_bytes = 1000;
inline constexpr std::size_t max_failure_detail_bytes = 4000;

// ---- dispatcher -> courier ----

enum class Purpose : std::uint8_t {
  generate = 0,  // carry out the attempt
  probe = 1,     // ask the server how it is
  lookup = 2,    // ask it what became of an attempt whose answer was lost
  stop = 3,      // have it stop such an attempt
};
inline constexpr std::uint8_t purpose_count = 4;

struct Submit {
  Uuid attempt;         // of a question: an id of its own
  std::string adapter;  // "openai_images"
  std::string options;  // JSON object: what the adapter has to know of the provider; may be empty
  std::string url;      // "http(s)://host[:port][/base]" or "unix:/path.sock[:/base]"
  std::string model;    // the provider's name of the model, may be empty
  std::string parameters;  // JSON object, normalised names; of a probe: the path to ask for
  std::string secret;      // may be empty: then no credential is sent
  std::string auth_header;
  std::uint32_t connect_timeout_ms = 0;
  std::uint32_t first_byte_timeout_ms = 0;
  std::uint32_t total_timeout_ms = 0;
  std::uint64_t max_output_bytes = 0;
  bool private_network =
      false;  // loopback, private and link-local addresses and unix sockets are allowed
  bool repeatable = false;  // the server may get the request twice: connections are used again
  Purpose purpose = Purpose::generate;
  Uuid subject{};  // of a lookup or stop: the attempt that it is about
  // The provider's id of the request, where it is known: it was submitted before, and is not again.
  std::string external_id;
  std::string webhook_url;  // where the provider may report; empty: nowhere
};

struct Cancel {
  Uuid attempt;
};

// The provider has news of the attempt: ask it now.
struct Poke {
  Uuid attempt;
};

struct Shutdown {};

// ---- courier -> dispatcher ----

// Always the first frame.
struct Hello {
  std::uint32_t protocol_version = wire::protocol_version;
  std::string version;
};

// The whole request has been handed to the kernel: from here on a failure may have had an effect.
struct Sent {
  Uuid attempt;
  std::int64_t at_us = 0;  // Unix epoch
};

struct Submitted {
  Uuid attempt;
  std::string external_id;
};

struct Progress {
  Uuid attempt;
  double fraction = 0;
};

// More of an answer that comes bit by bit.
struct Delta {
  Uuid attempt;
  std::string text;  // UTF-8 without U+0000
};

// Unix epoch microseconds; 0 = never reached.
struct Timings {
  std::int64_t started_us = 0;
  std::int64_t sent_us = 0;
  std::int64_t first_byte_us = 0;
  std::int64_t finished_us = 0;
};

struct Output {
  std::uint32_t index = 0;
  std::string media_type;  // "image/png"
  std::string extension;   // "png"
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint32_t duration_ms = 0;  // 0 = none
  std::uint64_t byte_count = 0;
  std::array<std::uint8_t, 32> sha256{};
  std::int64_t seed = -1;  // -1 = unknown
  FileDescriptor file;     // an unlinked regular file positioned at 0, for reading only
};

// How many more requests the server takes, as the headers of its answer say.
struct RateLimit {
  std::uint32_t remaining = 0;
  std::uint32_t reset_ms = 0;  // until it takes more; 0 = it says nothing of this
};

struct Succeeded {
  Uuid attempt;
  Timings timings;
  std::string metadata;  // JSON object
  std::string result;    // JSON: what was asked for, where that is no file; else empty
  std::vector<Output> outputs;
  RateLimit rate;
};

struct Failed {
  Uuid attempt;
  ErrorClass error_class = ErrorClass::internal;
  std::uint16_t http_status = 0;     // 0 = no answer
  std::uint32_t retry_after_ms = 0;  // 0 = the server did not say
  bool request_sent = false;
  std::string message;  // one line; encode() cleans and clips it, and the detail
  std::string detail;
  Timings timings;
  RateLimit rate;
};

struct Cancelled {
  Uuid attempt;
  Timings timings;
};

enum class RequestState : std::uint8_t {
  unanswered = 0,  // the server did not say: see error_class and message
  running = 1,
  unknown = 2,  // it does not know the request
  failed = 3,   // error_class and message tell why
};
inline constexpr std::uint8_t request_state_count = 4;

// What a server says of a request that has no result, or not yet. A result is Succeeded.
struct LookedUp {
  Uuid attempt;
  RequestState state = RequestState::unanswered;
  double progress = -1;  // from 0 to 1; below: it does not say
  ErrorClass error_class = ErrorClass::internal;
  std::uint16_t http_status = 0;
  std::string message;  // encode() cleans and clips it, and the detail
  std::string detail;
};

using Message = std::variant<Submit, Cancel, Poke, Shutdown, Hello, Sent, Submitted, Progress,
                             Delta, Succeeded, Failed, Cancelled, LookedUp>;

Frame encode(const Submit &message);
Frame encode(const Cancel &message);
Frame encode(const Poke &message);
Frame encode(const Shutdown &message);
Frame encode(const Hello &message);
Frame encode(const Sent &message);
Frame encode(const Submitted &message);
Frame encode(const Progress &message);
Frame encode(const Delta &message);
Frame encode(Succeeded &&message);  // takes the files
Frame encode(const Failed &message);
Frame encode(const Cancelled &message);
Frame encode(const LookedUp &message);

Message decode(Frame &&frame);

}  // namespace wire
