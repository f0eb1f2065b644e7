// Through PostgREST: POST /rpc/FUNCTION, with the worker's API key or token.
#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <memory>
#include <new>
#include <nlohmann/json.hpp>
#include <optional>

#include "runner/pull/door.hpp"

namespace runner::pull {
namespace {

using Curl = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using Url = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

constexpr size_t max_answer_bytes = size_t{64} << 20;
constexpr long connect_timeout_ms = 10'000;

class Headers {
 public:
  void add(const std::string &line) {
    auto *longer = curl_slist_append(list_.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    if (!list_) list_.reset(longer);
  }
  curl_slist *get() const { return list_.get(); }

 private:
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> list_{nullptr, curl_slist_free_all};
};

std::optional<std::string> part_of(CURLU *url, CURLUPart part) {
  char *text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return std::nullopt;
  std::string copy = text;
  curl_free(text);
  return copy;
}

bool is_loopback(const std::string &host) {
  return host == "localhost" || host == "[::1]" || host.starts_with("127.");
}

// Three parts with points between, each base64url: a token that PostgREST verifies.
bool is_jwt(const std::string &secret) {
  const auto fits = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  };
  return std::count(secret.begin(), secret.end(), '.') == 2 &&
         std::all_of(secret.begin(), secret.end(), fits);
}

// "401 PT401: unknown API key (Make a new one …)"; a proxy in between answers with no such object.
std::string describe(long status, const std::string &body) {
  std::string text = "HTTP " + std::to_string(status);
  const auto error = nlohmann::json::parse(body, nullptr, false);
  if (!error.is_object()) return text;
  const auto field = [&error](const char *name) -> std::string {
    const auto found = error.find(name);
    return found != error.end() && found->is_string() ? found->get<std::string>() : "";
  };
  if (!field("code").empty()) text += " " + field("code");
  text += ": " + field("message");
  if (!field("details").empty()) text += " (" + field("details") + ")";
  if (!field("hint").empty()) text += " " + field("hint");
  return text;
}

class PostgrestDoor : public Door {
 public:
  explicit PostgrestDoor(const DoorOptions &options)
      : base_(checked_base(options)),
        key_(options.key),
        curl_(curl_easy_init(), curl_easy_cleanup) {
    if (!curl_) throw std::bad_alloc();
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 0L);  // whoever redirects would get the key
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_CONNECTTIMEOUT_MS, connect_timeout_ms);
    set(CURLOPT_TCP_KEEPALIVE, 1L);
    set(CURLOPT_USERAGENT, "atelier-runner/" ATELIER_VERSION);
    set(CURLOPT_ERRORBUFFER, problem_);
    set(CURLOPT_WRITEFUNCTION, keep);
    set(CURLOPT_WRITEDATA, &answer_);
    if (!options.ca_file.empty()) set(CURLOPT_CAINFO, options.ca_file.c_str());
  }

  std::string call(Function function, const std::string &body) override {
    const auto url = base_ + "/rpc/" + name_of(function);
    Headers headers;
    for (const char *line : {"Content-Type: application/json", "Accept: application/json",
                             "Content-Profile: atelier", "Expect:"}) {
      headers.add(line);
    }
    // The right to report is the token in the report; the key's scopes need not name it.
    if (function != Function::job_callback && !key_.empty()) headers.add(credentials());
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_HTTPHEADER, headers.get());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    set(CURLOPT_POSTFIELDS, body.data());
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(time_limit(body.size()).count()));
    perform(url);
    return std::move(answer_);
  }

 private:
  static std::string checked_base(const DoorOptions &options) {
    const Url url(curl_url(), curl_url_cleanup);
    if (!url) throw std::bad_alloc();
    if (curl_url_set(url.get(), CURLUPART_URL, options.url.c_str(), 0) != CURLUE_OK) {
      throw std::invalid_argument("--pull: this is no URL of HTTP");
    }
    for (const auto part : {CURLUPART_USER, CURLUPART_PASSWORD}) {
      if (part_of(url.get(), part)) {
        throw std::invalid_argument(
            "--pull: no secret in the URL, which everybody can read; use --key-file");
      }
    }
    for (const auto part : {CURLUPART_QUERY, CURLUPART_FRAGMENT}) {
      if (part_of(url.get(), part)) throw std::invalid_argument("--pull: a URL without ? and #");
    }
    if (part_of(url.get(), CURLUPART_SCHEME) == "http" && !options.plain_http &&
        !is_loopback(part_of(url.get(), CURLUPART_HOST).value_or(""))) {
      throw std::invalid_argument(
          "--pull: the key would travel unencrypted; use https, or --plain-http in a network that "
          "you trust");
    }
    auto base = options.url;
    base.erase(base.find_last_not_of('/') + 1);
    return base;
  }

  std::string credentials() {
    const auto &secret = key_.current();
    return (is_jwt(secret) ? "Authorization: Bearer " : "x-api-key: ") + secret;
  }

  template <typename Value>
  void set(CURLoption option, Value value) {
    const auto error = curl_easy_setopt(curl_.get(), option, value);
    if (error != CURLE_OK) throw std::runtime_error(curl_easy_strerror(error));
  }

  void perform(const std::string &url) {
    answer_.clear();
    problem_[0] = '\0';
    const auto error = curl_easy_perform(curl_.get());
    if (error != CURLE_OK) {
      const std::string why = problem_[0] != '\0' ? problem_ : curl_easy_strerror(error);
      throw DoorError(Trouble::unreachable, url + ": " + why);
    }
    long status = 0;
    curl_off_t retry_after = 0;
    curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(curl_.get(), CURLINFO_RETRY_AFTER, &retry_after);
    if (status >= 200 && status < 300) return;
    throw DoorError(trouble_of_status(static_cast<int>(status)),
                    url + ": " + describe(status, answer_), static_cast<int>(status),
                    std::chrono::seconds(retry_after));
  }

  // Called by libcurl's C: nothing may be thrown.
  static size_t keep(char *data, size_t, size_t size, void *self) noexcept {
    auto &answer = *static_cast<std::string *>(self);
    if (answer.size() + size > max_answer_bytes) return 0;
    try {
      answer.append(data, size);
    } catch (const std::bad_alloc &) {
      return 0;
    }
    return size;
  }

  const std::string base_;
  Secret key_;
  Curl curl_;
  std::string answer_;
  char problem_[CURL_ERROR_SIZE] = {};
};

}  // namespace

std::unique_ptr<Door> open_postgrest_door(const DoorOptions &options) {
  return std::make_unique<PostgrestDoor>(options);
}

}  // namespace runner::pull
