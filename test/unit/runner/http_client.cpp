#include "http_client.hpp"

#include <curl/curl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <memory>
#include <stdexcept>
#include <thread>

namespace runner::test {
namespace {

size_t append(char *data, size_t, size_t size, void *text) {
  static_cast<std::string *>(text)->append(data, size);
  return size;
}

size_t keep_header(char *data, size_t, size_t size, void *headers) {
  const std::string line(data, size);
  const auto colon = line.find(": ");
  if (colon != line.npos) {
    (*static_cast<std::map<std::string, std::string> *>(headers))[line.substr(0, colon)] =
        line.substr(colon + 2, line.size() - colon - 4);
  }
  return size;
}

}  // namespace

Reply CurlClient::get(const std::string &path, const std::vector<std::string> &headers) const {
  return perform(path, nullptr, headers);
}

Reply CurlClient::post(const std::string &path, const std::string &body,
                       const std::vector<std::string> &headers) const {
  return perform(path, &body, headers);
}

Reply CurlClient::perform(const std::string &path, const std::string *body,
                          const std::vector<std::string> &headers) const {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(),
                                                                 curl_easy_cleanup);
  curl_slist *lines = nullptr;
  for (const auto &header : headers)
    lines = curl_slist_append(lines, header.c_str());
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> owned(lines,
                                                                          curl_slist_free_all);
  Reply reply;
  const auto url = "http://runner" + path;
  curl_easy_setopt(curl.get(), CURLOPT_UNIX_SOCKET_PATH, socket_.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, lines);
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, 120L);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, append);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &reply.body);
  curl_easy_setopt(curl.get(), CURLOPT_HEADERFUNCTION, keep_header);
  curl_easy_setopt(curl.get(), CURLOPT_HEADERDATA, &reply.headers);
  if (body != nullptr) {
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(body->size()));
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, body->data());
  }
  if (curl_easy_perform(curl.get()) == CURLE_OK) {
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &reply.status);
  }
  return reply;
}

BareClient::BareClient(const std::filesystem::path &path)
    : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, path.c_str());
  if (connect(socket_.get(), reinterpret_cast<sockaddr *>(&address), sizeof address) != 0) {
    throw std::runtime_error("connect");
  }
}

void BareClient::send(const std::string &bytes) const {
  ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

std::string BareClient::receive_all() const { return receive_until(std::string(1, '\0')); }

std::string BareClient::receive_until(const std::string &text) const {
  std::string received;
  char buffer[4096];
  while (received.find(text) == received.npos) {
    pollfd entry{socket_.get(), POLLIN, 0};
    if (poll(&entry, 1, 60'000) != 1) throw std::runtime_error("no answer");
    const auto count = recv(socket_.get(), buffer, sizeof buffer, 0);
    if (count <= 0) break;
    received.append(buffer, static_cast<size_t>(count));
  }
  return received;
}

bool eventually(const std::function<bool()> &condition, std::chrono::milliseconds time) {
  const auto deadline = std::chrono::steady_clock::now() + time;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace runner::test
