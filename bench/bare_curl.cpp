#include "bench/bare_curl.hpp"

#include <curl/curl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <vector>

namespace bench {

namespace {

using Clock = std::chrono::steady_clock;

double cpu_us() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto const us = [](const timeval &time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

struct Loop {
  CURLM *multi = curl_multi_init();
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  long timeout_ms = -1;
  int running = 0;

  ~Loop() {
    curl_multi_cleanup(multi);
    close(epoll);
  }

  static int on_socket(CURL *, curl_socket_t fd, int what, void *self, void *) {
    auto *const loop = static_cast<Loop *>(self);
    if (what == CURL_POLL_REMOVE) {
      epoll_ctl(loop->epoll, EPOLL_CTL_DEL, fd, nullptr);
      return 0;
    }
    epoll_event event{};
    event.data.fd = fd;
    if (what != CURL_POLL_OUT) event.events |= EPOLLIN;
    if (what != CURL_POLL_IN) event.events |= EPOLLOUT;
    if (epoll_ctl(loop->epoll, EPOLL_CTL_MOD, fd, &event) != 0)
      epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event);
    return 0;
  }

  static int on_timer(CURLM *, long timeout_ms, void *self) {
    static_cast<Loop *>(self)->timeout_ms = timeout_ms;
    return 0;
  }

  void turn() {
    std::array<epoll_event, 256> ready;
    int const count = epoll_wait(epoll, ready.data(), static_cast<int>(ready.size()),
                                 static_cast<int>(timeout_ms));
    if (count == 0) curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
    for (int i = 0; i < count; ++i) {
      auto const &event = ready.at(static_cast<std::size_t>(i));
      int const mask = ((event.events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
                       ((event.events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0);
      curl_multi_socket_action(multi, event.data.fd, mask, &running);
    }
  }
};

std::size_t discard(char *, std::size_t size, std::size_t count, void *) { return size * count; }

CURL *make_request(const std::string &url, const std::string &body, curl_slist *headers) {
  CURL *const easy = curl_easy_init();
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  return easy;
}

}  // namespace

BareCurl run_bare_curl(const std::string &url, const std::string &body, int connections,
                       int count) {
  Loop loop;
  curl_multi_setopt(loop.multi, CURLMOPT_SOCKETFUNCTION, Loop::on_socket);
  curl_multi_setopt(loop.multi, CURLMOPT_SOCKETDATA, &loop);
  curl_multi_setopt(loop.multi, CURLMOPT_TIMERFUNCTION, Loop::on_timer);
  curl_multi_setopt(loop.multi, CURLMOPT_TIMERDATA, &loop);
  curl_multi_setopt(loop.multi, CURLMOPT_MAXCONNECTS, static_cast<long>(connections));
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> const headers(
      curl_slist_append(nullptr, "Content-Type: application/json"), curl_slist_free_all);
  std::vector<CURL *> requests;
  int started = 0;
  int finished = 0;
  auto const start = Clock::now();
  double const cpu = cpu_us();
  for (; started < connections && started < count; ++started) {
    requests.push_back(make_request(url, body, headers.get()));
    curl_multi_add_handle(loop.multi, requests.back());
  }
  while (finished < count) {
    loop.turn();
    int left = 0;
    while (const CURLMsg *const message = curl_multi_info_read(loop.multi, &left)) {
      CURL *const easy = message->easy_handle;
      if (message->data.result != CURLE_OK)
        throw std::runtime_error(curl_easy_strerror(message->data.result));
      ++finished;
      curl_multi_remove_handle(loop.multi, easy);
      if (started < count) {
        curl_multi_add_handle(loop.multi, easy);
        ++started;
      }
    }
  }
  std::chrono::duration<double> const took = Clock::now() - start;
  BareCurl const out{count / took.count(), (cpu_us() - cpu) / count};
  for (CURL *const easy : requests)
    curl_easy_cleanup(easy);
  return out;
}

}  // namespace bench
