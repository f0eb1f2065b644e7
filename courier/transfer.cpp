#include "courier/transfer.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include "courier/address_guard.hpp"
#include "courier/clock.hpp"
#include "courier/http_status.hpp"

namespace courier {

namespace {

using wire::ErrorClass;

constexpr std::size_t max_header_bytes = std::size_t{64} << 10;
constexpr std::size_t max_excerpt_bytes = std::size_t{16} << 10;
// What an answer may hold besides its pictures.
constexpr std::uint64_t max_other_body_bytes = std::uint64_t{1} << 20;
// A socket, a second one while both address families are tried, and a pair for the resolver thread.
constexpr std::size_t descriptors_beside_outputs = 4;

std::uint64_t max_body_bytes(std::uint64_t max_output_bytes) noexcept {
  constexpr std::uint64_t highest = UINT64_MAX / 2;
  if (max_output_bytes > highest / 2) return highest;
  return max_output_bytes / 3 * 4 + max_other_body_bytes;
}

}  // namespace

Transfer::Transfer(const wire::Submit &submit, const std::string &spool_folder, OnSent on_sent)
    : attempt_(submit.attempt),
      adapter_(make_adapter(submit, spool_folder)),
      on_sent_(std::move(on_sent)),
      secret_(submit.secret),
      connect_timeout_ms_(submit.connect_timeout_ms),
      total_timeout_ms_(submit.total_timeout_ms),
      first_byte_timeout_(submit.first_byte_timeout_ms),
      max_output_bytes_(submit.max_output_bytes),
      private_network_(submit.private_network),
      repeatable_(submit.repeatable),
      easy_(curl_easy_init()) {
  if (!easy_) throw std::bad_alloc();
  timings_.started_us = now_us();
  HttpRequest request = adapter_->request();
  endpoint_ = parse_endpoint_url(submit.url, request.path);
  request_body_ = std::move(request.body);
  set_headers(submit, request);
  set_options();
}

Transfer &Transfer::from(CURL *easy) {
  char *self = nullptr;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &self);
  return *reinterpret_cast<Transfer *>(self);
}

std::size_t Transfer::descriptor_cost() const {
  return descriptors_beside_outputs + adapter_->max_outputs();
}

long Transfer::status() const {
  long status = 0;
  curl_easy_getinfo(easy(), CURLINFO_RESPONSE_CODE, &status);
  return status;
}

// ---- libcurl callbacks: its C frames are above us, so nothing may be thrown ----

curl_socket_t Transfer::open_socket(void *self, curlsocktype, curl_sockaddr *address) noexcept {
  auto *const transfer = static_cast<Transfer *>(self);
  if (!transfer->private_network_ && !is_public_address(&address->addr, address->addrlen)) {
    try {
      transfer->refused_address_ = address_text(&address->addr, address->addrlen);
    } catch (const std::bad_alloc &) {
      transfer->socket_error_ = ENOMEM;
    }
    return CURL_SOCKET_BAD;
  }
  int const fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (fd < 0) {
    transfer->socket_error_ = errno;
    return CURL_SOCKET_BAD;
  }
  transfer->socket_opened_ = true;
  return fd;
}

int Transfer::on_progress(void *self, curl_off_t, curl_off_t, curl_off_t,
                          curl_off_t sent) noexcept {
  try {
    static_cast<Transfer *>(self)->note_upload(sent);
    return 0;
  } catch (const std::exception &) {
    return 1;
  }
}

std::size_t Transfer::on_header(char *data, std::size_t size, std::size_t count,
                                void *self) noexcept {
  auto *const transfer = static_cast<Transfer *>(self);
  if (transfer->timings_.first_byte_us == 0) transfer->timings_.first_byte_us = now_us();
  transfer->header_bytes_ += size * count;
  std::string_view const line(data, size * count);
  transfer->head_ended_ = line == "\r\n" || line == "\n";  // the next interim response begins anew
  return transfer->header_bytes_ > max_header_bytes ? 0 : size * count;
}

std::size_t Transfer::on_body(char *data, std::size_t size, std::size_t count,
                              void *self) noexcept {
  auto *const transfer = static_cast<Transfer *>(self);
  try {
    if (transfer->take_body({data, size * count})) return size * count;
  } catch (const AttemptError &error) {
    transfer->failure_ = error;
  } catch (const std::exception &error) {
    transfer->fail_internally(error);
  }
  return CURL_WRITEFUNC_ERROR;
}

// ---- what the callbacks do ----

void Transfer::note_upload(curl_off_t sent_bytes) {
  if (timings_.sent_us != 0 || sent_bytes < static_cast<curl_off_t>(request_body_.size())) return;
  timings_.sent_us = now_us();
  on_sent_(*this);
}

// False when nothing more of the answer is needed.
bool Transfer::take_body(std::string_view bytes) {
  if (body_ == Body::not_begun) begin_body();
  body_bytes_ += bytes.size();
  excerpt_.append(bytes.substr(0, max_excerpt_bytes - excerpt_.size()));
  if (body_ == Body::excerpt_only) return excerpt_.size() < max_excerpt_bytes;
  if (body_bytes_ > max_body_bytes(max_output_bytes_))
    reject_size("more than " + std::to_string(body_bytes_));
  adapter_->consume(bytes);
  return true;
}

// The head is complete when the first byte of the body, or its absence, is known.
void Transfer::begin_body() {
  body_ = Body::excerpt_only;
  if (!is_success(status())) return;
  curl_off_t announced = -1;
  curl_easy_getinfo(easy(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
  if (announced > 0 && static_cast<std::uint64_t>(announced) > max_body_bytes(max_output_bytes_))
    reject_size(std::to_string(announced));
  try {
    if (auto const encoding = header("Content-Encoding"); encoding && *encoding != "identity")
      throw AttemptError(ErrorClass::bad_response, "the server uses content encoding " + *encoding +
                                                       ", which nobody asked for");
    adapter_->begin_response(head());
    body_ = Body::consumed;
  } catch (const AttemptError &error) {
    failure_ = error;  // the beginning of the body is still wanted, as an explanation
  }
}

void Transfer::reject_size(const std::string &bytes) const {
  throw AttemptError(ErrorClass::too_large,
                     "the answer has " + bytes + " bytes, more than a result of " +
                         std::to_string(max_output_bytes_) + " bytes can need");
}

// Must not throw: it runs inside a callback.
void Transfer::fail_internally(const std::exception &error) noexcept {
  try {
    failure_.emplace(ErrorClass::internal, error.what());
  } catch (const std::bad_alloc &) {
    failure_.reset();  // then libcurl's write error is what is reported, as internal
  }
}

std::optional<std::string> Transfer::header(const char *name) const {
  curl_header *found = nullptr;
  if (curl_easy_header(easy(), name, 0, CURLH_HEADER, -1, &found) != CURLHE_OK) return std::nullopt;
  return std::string(found->value);
}

ResponseHead Transfer::head() const {
  ResponseHead head;
  head.status = status();
  head.content_type = header("Content-Type").value_or("");
  head.has_retry_after = header("Retry-After").has_value();
  return head;
}

}  // namespace courier
