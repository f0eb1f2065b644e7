#include "courier/endpoint_url.hpp"

#include <curl/curl.h>
#include <sys/un.h>

#include <memory>
#include <new>
#include <optional>

#include "courier/attempt_error.hpp"

namespace courier {

namespace {

struct FreeUrl {
  void operator()(CURLU *url) const noexcept { curl_url_cleanup(url); }
};
struct FreeText {
  void operator()(char *text) const noexcept { curl_free(text); }
};

[[noreturn]] void refuse(const std::string &why) {
  throw AttemptError(wire::ErrorClass::invalid_input, "the endpoint's URL " + why);
}

class Url {
 public:
  explicit Url(const std::string &text) : handle_(curl_url()) {
    if (!handle_) throw std::bad_alloc();
    set(CURLUPART_URL, text);
  }

  void set(CURLUPart part, const std::string &value) {
    CURLUcode const code = curl_url_set(handle_.get(), part, value.c_str(), 0);
    if (code != CURLUE_OK) refuse(std::string("is malformed: ") + curl_url_strerror(code));
  }

  std::optional<std::string> get(CURLUPart part, unsigned flags = 0) const {
    char *text = nullptr;
    if (curl_url_get(handle_.get(), part, &text, flags) != CURLUE_OK) return std::nullopt;
    std::unique_ptr<char, FreeText> const owner(text);
    return std::string(text);
  }

 private:
  std::unique_ptr<CURLU, FreeUrl> handle_;
};

void append_path(Url &url, std::string_view path) {
  std::string base = url.get(CURLUPART_PATH).value_or("");
  while (base.ends_with('/'))
    base.pop_back();
  url.set(CURLUPART_PATH, base.append(path));
}

EndpointUrl parse_unix(std::string_view rest, std::string_view path) {
  std::size_t const colon = rest.find(":/");
  std::string_view const socket = rest.substr(0, colon);
  std::string_view const base =
      colon == std::string_view::npos ? std::string_view{} : rest.substr(colon + 1);
  // A relative path is below the data directory, the working directory of the courier: a socket's
  // path has at most 107 bytes, and data directories may lie deep.
  if (socket.empty()) refuse("names no socket");
  if (socket.size() >= sizeof(sockaddr_un::sun_path)) refuse("names a socket with too long a path");
  Url url("http://localhost" + std::string(base));
  append_path(url, path);
  return {url.get(CURLUPART_URL).value_or(""), std::string(socket), "unix:" + std::string(socket)};
}

}  // namespace

EndpointUrl parse_endpoint_url(const std::string &endpoint, std::string_view path) {
  if (endpoint.find('\0') != std::string::npos) refuse("has a NUL in it");
  constexpr std::string_view unix_scheme = "unix:";
  if (endpoint.starts_with(unix_scheme))
    return parse_unix(std::string_view(endpoint).substr(unix_scheme.size()), path);

  Url url(endpoint);
  auto const scheme = url.get(CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") refuse("is neither http, https nor unix");
  if (url.get(CURLUPART_USER) || url.get(CURLUPART_PASSWORD))
    refuse("has a user name in it; credentials belong into the token");
  if (url.get(CURLUPART_FRAGMENT)) refuse("has a fragment");
  append_path(url, path);
  std::string display = url.get(CURLUPART_HOST).value_or("");
  if (auto const port = url.get(CURLUPART_PORT, CURLU_DEFAULT_PORT)) display += ":" + *port;
  return {url.get(CURLUPART_URL).value_or(""), {}, std::move(display)};
}

}  // namespace courier
