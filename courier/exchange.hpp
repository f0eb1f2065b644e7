// exchange.hpp -- one request to one server and its answer.
//
// Owns the libcurl handle, the clock readings and the limits; what the bytes mean is its owner's
// business. libcurl silently repeats a request on a new connection when a reused one turns out to
// be dead: so only a request that may be repeated uses a connection that is there, and every other
// one, a paid one above all, a connection of its own.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "courier/adapters/adapter.hpp"
#include "courier/endpoint_url.hpp"
#include "wire/messages.hpp"

namespace courier {

class Exchange {
 public:
  // Who hears of it while it is under way.
  class Owner {
   public:
    Owner() = default;
    Owner(const Owner &) = delete;
    Owner &operator=(const Owner &) = delete;
    virtual ~Owner() = default;

    virtual void request_sent() = 0;
    // A 2xx answer; both may throw AttemptError.
    virtual void begin_response(const ResponseHead &head) = 0;
    virtual void consume(std::string_view body) = 0;
  };

  struct Plan {
    EndpointUrl endpoint;
    HttpRequest request;
    std::string auth_header;  // a whole line; empty: no credential
    std::uint32_t connect_timeout_ms = 0;
    std::uint32_t total_timeout_ms = 0;
    std::uint64_t max_output_bytes = 0;
    bool private_network = false;
    bool may_reuse = false;  // an open connection, and leave it open
  };

  // identity: what CURLINFO_PRIVATE of the handle gives.
  Exchange(Plan plan, Owner &owner, void *identity);
  Exchange(const Exchange &) = delete;
  Exchange &operator=(const Exchange &) = delete;
  ~Exchange() = default;

  CURL *easy() const noexcept { return easy_.get(); }
  const HttpRequest &request() const noexcept { return plan_.request; }

  // Unix epoch microseconds; 0 = never reached.
  std::int64_t sent_us() const noexcept { return sent_us_; }
  std::int64_t first_byte_us() const noexcept { return first_byte_us_; }

  // Once, when libcurl is done with it.
  void end();
  // Throws AttemptError unless the owner got a 2xx answer whole, or the status is another one.
  void check(CURLcode code);

  long status() const;
  std::optional<std::string> header(const char *name) const;
  ResponseHead head() const;
  wire::RateLimit rate() const;
  std::uint32_t retry_after_ms() const;
  // The beginning of the answer's body.
  const std::string &excerpt() const noexcept { return excerpt_; }
  // Whether the server or the network, and not what the answer says, made it fail.
  bool failed_in_transport(CURLcode code) const noexcept { return code != CURLE_OK && !failure_; }

 private:
  enum class Body { not_begun, consumed, excerpt_only };

  struct FreeEasy {
    void operator()(CURL *easy) const noexcept { curl_easy_cleanup(easy); }
  };
  struct FreeList {
    void operator()(curl_slist *list) const noexcept { curl_slist_free_all(list); }
  };

  static std::size_t on_header(char *data, std::size_t size, std::size_t count,
                               void *self) noexcept;
  static std::size_t on_body(char *data, std::size_t size, std::size_t count, void *self) noexcept;
  static int on_progress(void *self, curl_off_t, curl_off_t, curl_off_t, curl_off_t sent) noexcept;
  static curl_socket_t open_socket(void *self, curlsocktype, curl_sockaddr *address) noexcept;
  static int before_request(void *self, char *server_address, char *, int, int) noexcept;

  void set_headers();
  void set_method();
  void set_options(void *identity);
  void set_limits();
  void add_header(const std::string &line);

  void note_upload(curl_off_t sent_bytes);
  bool take_body(std::string_view bytes);
  void begin_body();
  [[noreturn]] void reject_size(const std::string &bytes) const;
  void fail_internally(const std::exception &error) noexcept;

  AttemptError explain_transport(CURLcode code) const;
  bool was_connected() const;
  AttemptError explain_no_connection(CURLcode code) const;
  AttemptError explain_refusal() const;
  AttemptError explain_lost_answer(CURLcode code) const;
  std::string curl_message(CURLcode code) const;
  std::uint32_t connect_limit_ms() const noexcept;

  Plan const plan_;
  Owner &owner_;

  char curl_error_[CURL_ERROR_SIZE] = "";
  std::unique_ptr<curl_slist, FreeList> headers_;
  std::unique_ptr<CURL, FreeEasy> easy_;

  std::int64_t sent_us_ = 0;
  std::int64_t first_byte_us_ = 0;
  std::string refused_address_;
  bool socket_opened_ = false;
  int socket_error_ = 0;
  std::size_t header_bytes_ = 0;
  bool head_ended_ = false;
  Body body_ = Body::not_begun;
  std::uint64_t body_bytes_ = 0;
  std::string excerpt_;
  std::optional<AttemptError> failure_;
};

}  // namespace courier
