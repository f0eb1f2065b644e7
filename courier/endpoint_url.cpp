#include "courier/endpoint_url.hpp"

#include <curl/curl.h>
#include <sys/un.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <new>
#include <optional>
#include <string_view>

#include "courier/attempt_error.hpp"

namespace courier {

namespace {

struct FreeUrl {
  void operator()(CURLU *url) const noexcept { curl_url_cleanup(url); }
};
struct FreeText {
  void operator()(char *text) const noexcept { curl_free(text); }
};

// Whose URL it is decides what a bad one means.
enum class Origin { endpoint, server };

[[noreturn]] void refuse(Origin origin, const std::string &why) {
  if (origin == Origin::endpoint)
    throw AttemptError(wire::ErrorClass::invalid_input, "the endpoint's URL " + why);
  throw AttemptError(wire::ErrorClass::bad_response, "a URL that the server named " + why);
}

class Url {
 public:
  Url(Origin origin, const std::string &text) : origin_(origin), handle_(curl_url()) {
    if (!handle_) throw std::bad_alloc();
    if (text.find('\0') != std::string::npos) refuse(origin, "has a NUL in it");
    set(CURLUPART_URL, text);
  }

  void set(CURLUPart part, const std::string &value, unsigned flags = 0) {
    CURLUcode const code = curl_url_set(handle_.get(), part, value.c_str(), flags);
    if (code != CURLUE_OK) refuse(origin_, std::string("is malformed: ") + curl_url_strerror(code));
  }

  std::optional<std::string> get(CURLUPart part, unsigned flags = 0) const {
    char *text = nullptr;
    if (curl_url_get(handle_.get(), part, &text, flags) != CURLUE_OK) return std::nullopt;
    std::unique_ptr<char, FreeText> const owner(text);
    return std::string(text);
  }

 private:
  Origin const origin_;
  std::unique_ptr<CURLU, FreeUrl> handle_;
};

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char byte) { return static_cast<char>(std::tolower(byte)); });
  return text;
}

void append_path(Url &url, const HttpRequest &request) {
  std::string base = request.from_root ? "" : url.get(CURLUPART_PATH).value_or("");
  while (base.ends_with('/'))
    base.pop_back();
  url.set(CURLUPART_PATH, base.append(request.path));
  if (!request.query.empty()) url.set(CURLUPART_QUERY, request.query, CURLU_APPENDQUERY);
}

EndpointUrl describe(const Url &url) {
  EndpointUrl place;
  place.url = url.get(CURLUPART_URL).value_or("");
  place.host = lower_case(url.get(CURLUPART_HOST).value_or(""));
  place.has_tls = url.get(CURLUPART_SCHEME) == "https";
  place.display = place.host;
  if (auto const port = url.get(CURLUPART_PORT, CURLU_DEFAULT_PORT)) place.display += ":" + *port;
  return place;
}

void check_parts(Origin origin, const Url &url) {
  auto const scheme = url.get(CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https")
    refuse(origin, origin == Origin::endpoint ? "is neither http, https nor unix"
                                              : "is neither http nor https");
  if (url.get(CURLUPART_USER) || url.get(CURLUPART_PASSWORD))
    refuse(origin, "has a user name in it; credentials belong into the token");
}

EndpointUrl parse_unix(std::string_view rest, const HttpRequest &request) {
  std::size_t const colon = rest.find(":/");
  std::string_view const socket = rest.substr(0, colon);
  std::string_view const base =
      colon == std::string_view::npos ? std::string_view{} : rest.substr(colon + 1);
  // A relative path is below the data directory, the working directory of the courier: a socket's
  // path has at most 107 bytes, and data directories may lie deep.
  if (socket.empty()) refuse(Origin::endpoint, "names no socket");
  if (socket.size() >= sizeof(sockaddr_un::sun_path))
    refuse(Origin::endpoint, "names a socket with too long a path");
  Url url(Origin::endpoint, "http://localhost" + std::string(base));
  append_path(url, request);
  EndpointUrl place;
  place.url = url.get(CURLUPART_URL).value_or("");
  place.unix_socket = socket;
  place.display = "unix:" + place.unix_socket;
  return place;
}

bool is_at_or_below(const std::string &host, const std::string &other) {
  return !other.empty() && (host == other || host.ends_with("." + other));
}

}  // namespace

EndpointUrl parse_endpoint_url(const std::string &endpoint, const HttpRequest &request) {
  constexpr std::string_view unix_scheme = "unix:";
  if (endpoint.starts_with(unix_scheme)) {
    if (endpoint.find('\0') != std::string::npos) refuse(Origin::endpoint, "has a NUL in it");
    return parse_unix(std::string_view(endpoint).substr(unix_scheme.size()), request);
  }
  Url url(Origin::endpoint, endpoint);
  check_parts(Origin::endpoint, url);
  if (url.get(CURLUPART_FRAGMENT)) refuse(Origin::endpoint, "has a fragment");
  append_path(url, request);
  return describe(url);
}

EndpointUrl parse_named_url(const std::string &text) {
  Url const url(Origin::server, text);
  check_parts(Origin::server, url);
  return describe(url);
}

std::string resolve_location(const std::string &base, const std::string &location) {
  Url url(Origin::server, base);
  url.set(CURLUPART_URL, location);
  return url.get(CURLUPART_URL).value_or("");
}

bool may_have_credential(const std::string &endpoint, const std::vector<std::string> &trusted_hosts,
                         const EndpointUrl &place) {
  EndpointUrl const own = parse_endpoint_url(endpoint, {});
  if (own.has_tls && !place.has_tls) return false;
  if (place.display == own.display) return true;
  if (own.has_tls && is_at_or_below(place.host, own.host)) return true;
  return std::any_of(trusted_hosts.begin(), trusted_hosts.end(), [&](const std::string &host) {
    return place.has_tls && is_at_or_below(place.host, lower_case(host));
  });
}

}  // namespace courier
