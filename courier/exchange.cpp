#include "courier/exchange.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
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

std::uint64_t max_body_bytes(std::uint64_t max_output_bytes) noexcept {
  constexpr std::uint64_t highest = UINT64_MAX / 2;
  if (max_output_bytes > highest / 2) return highest;
  return max_output_bytes / 3 * 4 + max_other_body_bytes;
}

}  // namespace

Exchange::Exchange(Plan plan, Owner &owner, void *identity)
    : plan_(std::move(plan)), owner_(owner), easy_(curl_easy_init()) {
  if (!easy_) throw std::bad_alloc();
  set_headers();
  set_method();
  set_options(identity);
  set_limits();
}

long Exchange::status() const {
  long status = 0;
  curl_easy_getinfo(easy(), CURLINFO_RESPONSE_CODE, &status);
  return status;
}

void Exchange::end() {
  curl_off_t uploaded = 0;
  curl_easy_getinfo(easy(), CURLINFO_SIZE_UPLOAD_T, &uploaded);
  note_upload(uploaded);
}

void Exchange::check(CURLcode code) {
  if (failure_) throw AttemptError(*failure_);
  if (status() >= 300) return;
  if (code != CURLE_OK) throw explain_transport(code);
  if (!head_ended_)  // libcurl takes this for an empty answer
    throw AttemptError(ErrorClass::ambiguous,
                       "the server closed the connection within the head of its answer");
  if (body_ == Body::not_begun) begin_body();
  if (failure_) throw AttemptError(*failure_);
}

// ---- libcurl callbacks: its C frames are above us, so nothing may be thrown ----

curl_socket_t Exchange::open_socket(void *self, curlsocktype, curl_sockaddr *address) noexcept {
  auto *const exchange = static_cast<Exchange *>(self);
  if (!exchange->plan_.private_network && !is_public_address(&address->addr, address->addrlen)) {
    try {
      exchange->refused_address_ = address_text(&address->addr, address->addrlen);
    } catch (const std::bad_alloc &) {
      exchange->socket_error_ = ENOMEM;
    }
    return CURL_SOCKET_BAD;
  }
  int const fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (fd < 0) {
    exchange->socket_error_ = errno;
    return CURL_SOCKET_BAD;
  }
  exchange->socket_opened_ = true;
  return fd;
}

// A connection that is open already was opened for somebody else, who may do what this one may not.
int Exchange::before_request(void *self, char *server_address, char *, int, int) noexcept {
  auto *const exchange = static_cast<Exchange *>(self);
  if (exchange->plan_.private_network || is_public_address(server_address))
    return CURL_PREREQFUNC_OK;
  try {
    exchange->refused_address_ = server_address;
  } catch (const std::bad_alloc &) {
    exchange->socket_error_ = ENOMEM;
  }
  return CURL_PREREQFUNC_ABORT;
}

int Exchange::on_progress(void *self, curl_off_t, curl_off_t, curl_off_t,
                          curl_off_t sent) noexcept {
  try {
    static_cast<Exchange *>(self)->note_upload(sent);
    return 0;
  } catch (const std::exception &) {
    return 1;
  }
}

std::size_t Exchange::on_header(char *data, std::size_t size, std::size_t count,
                                void *self) noexcept {
  auto *const exchange = static_cast<Exchange *>(self);
  if (exchange->first_byte_us_ == 0) exchange->first_byte_us_ = now_us();
  exchange->header_bytes_ += size * count;
  std::string_view const line(data, size * count);
  exchange->head_ended_ = line == "\r\n" || line == "\n";  // the next interim response begins anew
  return exchange->header_bytes_ > max_header_bytes ? 0 : size * count;
}

std::size_t Exchange::on_body(char *data, std::size_t size, std::size_t count,
                              void *self) noexcept {
  auto *const exchange = static_cast<Exchange *>(self);
  try {
    if (exchange->take_body({data, size * count})) return size * count;
  } catch (const AttemptError &error) {
    exchange->failure_ = error;
  } catch (const std::exception &error) {
    exchange->fail_internally(error);
  }
  return CURL_WRITEFUNC_ERROR;
}

// ---- what the callbacks do ----

void Exchange::note_upload(curl_off_t sent_bytes) {
  if (sent_us_ != 0 || sent_bytes < static_cast<curl_off_t>(plan_.request.body.size())) return;
  if (plan_.request.body
          .empty()) {  // then nothing is what was uploaded also before there is a connection
    curl_off_t connected_us = 0;
    curl_easy_getinfo(easy(), CURLINFO_PRETRANSFER_TIME_T, &connected_us);
    if (connected_us == 0) return;
  }
  sent_us_ = now_us();
  owner_.request_sent();
}

// False when nothing more of the answer is needed.
bool Exchange::take_body(std::string_view bytes) {
  if (body_ == Body::not_begun) begin_body();
  body_bytes_ += bytes.size();
  excerpt_.append(bytes.substr(0, max_excerpt_bytes - excerpt_.size()));
  if (body_ == Body::excerpt_only) return excerpt_.size() < max_excerpt_bytes;
  if (body_bytes_ > max_body_bytes(plan_.max_output_bytes))
    reject_size("more than " + std::to_string(body_bytes_));
  owner_.consume(bytes);
  return true;
}

// The head is complete when the first byte of the body, or its absence, is known.
void Exchange::begin_body() {
  body_ = Body::excerpt_only;
  if (!is_success(status())) return;
  curl_off_t announced = -1;
  curl_easy_getinfo(easy(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
  if (announced > 0 &&
      static_cast<std::uint64_t>(announced) > max_body_bytes(plan_.max_output_bytes))
    reject_size(std::to_string(announced));
  try {
    if (auto const encoding = header("Content-Encoding"); encoding && *encoding != "identity")
      throw AttemptError::unreadable("the server uses content encoding " + *encoding +
                                     ", which nobody asked for");
    owner_.begin_response(head());
    body_ = Body::consumed;
  } catch (const AttemptError &error) {
    failure_ = error;  // the beginning of the body is still wanted, as an explanation
  }
}

void Exchange::reject_size(const std::string &bytes) const {
  throw AttemptError(ErrorClass::too_large,
                     "the answer has " + bytes + " bytes, more than a result of " +
                         std::to_string(plan_.max_output_bytes) + " bytes can need");
}

// Must not throw: it runs inside a callback.
void Exchange::fail_internally(const std::exception &error) noexcept {
  try {
    failure_.emplace(ErrorClass::internal, error.what());
  } catch (const std::bad_alloc &) {
    failure_.reset();  // then libcurl's write error is what is reported, as internal
  }
}

std::optional<std::string> Exchange::header(const char *name) const {
  curl_header *found = nullptr;
  if (curl_easy_header(easy(), name, 0, CURLH_HEADER, -1, &found) != CURLHE_OK) return std::nullopt;
  return std::string(found->value);
}

ResponseHead Exchange::head() const {
  ResponseHead head;
  head.status = status();
  head.content_type = header("Content-Type").value_or("");
  if (auto const length = header("Inference-Header-Content-Length"))
    head.json_bytes = std::strtoll(length->c_str(), nullptr, 10);  // 0 for what is no number
  head.has_retry_after = header("Retry-After").has_value() || header("Retry-After-Ms").has_value();
  head.header = [this](const char *name) { return header(name); };
  return head;
}

}  // namespace courier
