// transfer.hpp -- one attempt: one request to one server and its answer.
//
// Owns the libcurl handle, the clock readings and the limits; what the bytes mean is the adapter's
// business. libcurl silently repeats a request on a new connection when a reused one turns out to
// be dead: so only a request that may be repeated uses a connection that is there, and every other
// one, a paid one above all, a connection of its own.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "courier/adapters/adapter.hpp"
#include "courier/endpoint_url.hpp"
#include "wire/messages.hpp"

namespace courier {

class Transfer {
 public:
  using Outcome = std::variant<wire::Succeeded, wire::Failed>;
  using OnSent = std::function<void(Transfer &)>;

  // Throws AttemptError when there is nothing that could be sent.
  Transfer(const wire::Submit &submit, const std::string &spool_folder, OnSent on_sent);
  Transfer(const Transfer &) = delete;
  Transfer &operator=(const Transfer &) = delete;
  ~Transfer() = default;

  static Transfer &from(CURL *easy);

  CURL *easy() const noexcept { return easy_.get(); }
  const wire::Uuid &attempt() const noexcept { return attempt_; }
  const wire::Timings &timings() const noexcept { return timings_; }
  std::size_t descriptor_cost() const;
  std::chrono::milliseconds first_byte_timeout() const noexcept { return first_byte_timeout_; }
  bool awaits_first_byte() const noexcept { return timings_.first_byte_us == 0; }

  // Each ends the attempt; the handle must not be in use any more.
  Outcome finish(CURLcode code);
  wire::Failed first_byte_timed_out();
  wire::Cancelled cancelled();

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

  void set_headers(const wire::Submit &submit, const HttpRequest &request);
  void set_options();
  void add_header(const std::string &line);

  void note_upload(curl_off_t sent_bytes);
  bool take_body(std::string_view bytes);
  void begin_body();
  [[noreturn]] void reject_size(const std::string &bytes) const;
  void fail_internally(const std::exception &error) noexcept;

  long status() const;
  std::optional<std::string> header(const char *name) const;
  ResponseHead head() const;
  std::uint32_t retry_after_ms() const;
  std::string curl_message(CURLcode code) const;
  std::uint32_t connect_limit_ms() const noexcept;

  wire::Succeeded conclude(CURLcode code);
  wire::Failed fail(const AttemptError &error) const;
  AttemptError explain_status() const;
  AttemptError explain_transport(CURLcode code) const;
  AttemptError explain_no_connection(CURLcode code) const;
  AttemptError explain_lost_answer(CURLcode code) const;
  std::string redact(std::string text) const;
  std::string redact_json(const std::string &text) const;

  wire::Uuid const attempt_;
  std::unique_ptr<Adapter> const adapter_;
  OnSent const on_sent_;
  EndpointUrl endpoint_;
  std::string request_body_;
  std::string const secret_;  // kept to strike it out of whatever a server echoes
  std::uint32_t const connect_timeout_ms_;
  std::uint32_t const total_timeout_ms_;
  std::chrono::milliseconds const first_byte_timeout_;
  std::uint64_t const max_output_bytes_;
  bool const private_network_;
  bool const repeatable_;

  char curl_error_[CURL_ERROR_SIZE] = "";
  std::unique_ptr<curl_slist, FreeList> headers_;
  std::unique_ptr<CURL, FreeEasy> easy_;

  wire::Timings timings_;
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
