// exchange_setup.cpp -- the request as libcurl is told to make it.
#include <new>
#include <string>

#include "courier/exchange.hpp"

namespace courier {

namespace {

// Servers close idle connections after two seconds and more.
constexpr long most_idle_seconds = 1;

template <typename Value>
void set(CURL *easy, CURLoption option, Value value) {
  CURLcode const code = curl_easy_setopt(easy, option, value);
  if (code != CURLE_OK)
    throw AttemptError(wire::ErrorClass::internal,
                       std::string("libcurl refuses an option: ") + curl_easy_strerror(code));
}

}  // namespace

void Exchange::add_header(const std::string &line) {
  curl_slist *const list = curl_slist_append(headers_.get(), line.c_str());
  if (list == nullptr) throw std::bad_alloc();
  static_cast<void>(headers_.release());
  headers_.reset(list);
}

void Exchange::set_headers() {
  for (const std::string &line : plan_.request.headers)
    add_header(line);
  add_header("Expect:");  // no waiting for 100-continue before a large body
  if (!plan_.auth_header.empty()) add_header(plan_.auth_header);
  set(easy_.get(), CURLOPT_HTTPHEADER, headers_.get());
}

void Exchange::set_method() {
  CURL *const easy = easy_.get();
  const std::string &body = plan_.request.body;
  if (plan_.request.method == Method::get) {
    set(easy, CURLOPT_HTTPGET, 1L);
    return;
  }
  set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  set(easy, CURLOPT_POSTFIELDS, body.data());
  if (plan_.request.method == Method::put) set(easy, CURLOPT_CUSTOMREQUEST, "PUT");
  if (plan_.request.method == Method::del) set(easy, CURLOPT_CUSTOMREQUEST, "DELETE");
}

void Exchange::set_options(void *identity) {
  CURL *const easy = easy_.get();
  set(easy, CURLOPT_PRIVATE, identity);
  set(easy, CURLOPT_ERRORBUFFER, curl_error_);
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_QUICK_EXIT, 1L);  // never join a resolver thread that is stuck

  set(easy, CURLOPT_URL, plan_.endpoint.url.c_str());
  if (!plan_.endpoint.unix_socket.empty())
    set(easy, CURLOPT_UNIX_SOCKET_PATH, plan_.endpoint.unix_socket.c_str());
  set(easy, CURLOPT_USERAGENT, "atelier-courier/" ATELIER_VERSION);

  // Nothing may lead the request, and the secret in it, anywhere but to the address in the
  // endpoint's row.
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_FOLLOWLOCATION, 0L);
  set(easy, CURLOPT_PROXY, "");
  set(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  set(easy, CURLOPT_OPENSOCKETFUNCTION, &Exchange::open_socket);
  set(easy, CURLOPT_OPENSOCKETDATA, this);
  set(easy, CURLOPT_PREREQFUNCTION, &Exchange::before_request);
  set(easy, CURLOPT_PREREQDATA, this);

  // Certificates from the bundle alone: then libcurl reads it once, and not (tens of milliseconds)
  // for every connection.
  set(easy, CURLOPT_CAPATH, static_cast<const char *>(nullptr));

  set(easy, CURLOPT_BUFFERSIZE, 64L << 10);
  set(easy, CURLOPT_HEADERFUNCTION, &Exchange::on_header);
  set(easy, CURLOPT_HEADERDATA, this);
  set(easy, CURLOPT_WRITEFUNCTION, &Exchange::on_body);
  set(easy, CURLOPT_WRITEDATA, this);
  set(easy, CURLOPT_NOPROGRESS, 0L);
  set(easy, CURLOPT_XFERINFOFUNCTION, &Exchange::on_progress);
  set(easy, CURLOPT_XFERINFODATA, this);
}

void Exchange::set_limits() {
  CURL *const easy = easy_.get();
  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  if (plan_.may_reuse) {
    set(easy, CURLOPT_MAXAGE_CONN, most_idle_seconds);
  } else {
    set(easy, CURLOPT_FRESH_CONNECT, 1L);
    set(easy, CURLOPT_FORBID_REUSE, 1L);
  }
  set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  set(easy, CURLOPT_TCP_KEEPIDLE, 30L);
  set(easy, CURLOPT_TCP_KEEPINTVL, 15L);
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(plan_.connect_timeout_ms));
  set(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(plan_.total_timeout_ms));
}

}  // namespace courier
