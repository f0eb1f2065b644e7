#include "courier/curl_loop.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>

namespace courier {

namespace {

constexpr std::int64_t longest_wait_ms = 3600000;

void check(CURLMcode code, const char *what) {
  if (code != CURLM_OK)
    throw std::runtime_error(std::string(what) + ": " + curl_multi_strerror(code));
}

}  // namespace

CurlLoop::CurlLoop(Done done, long max_idle)
    : done_(std::move(done)), epoll_(epoll_create1(EPOLL_CLOEXEC)), multi_(curl_multi_init()) {
  if (!epoll_) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  if (!multi_) throw std::bad_alloc();
  check(curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETFUNCTION, on_socket), "socket callback");
  check(curl_multi_setopt(multi_.get(), CURLMOPT_SOCKETDATA, this), "socket data");
  check(curl_multi_setopt(multi_.get(), CURLMOPT_TIMERFUNCTION, on_timer), "timer callback");
  check(curl_multi_setopt(multi_.get(), CURLMOPT_TIMERDATA, this), "timer data");
  check(curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, max_idle), "cache of connections");
}

void CurlLoop::add(CURL *easy) {
  check(curl_multi_add_handle(multi_.get(), easy), "curl_multi_add_handle");
}

void CurlLoop::remove(CURL *easy) noexcept { curl_multi_remove_handle(multi_.get(), easy); }

void CurlLoop::watch(int fd, std::uint32_t events) {
  if (fd == watched_ && events == watched_events_) return;
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  int const operation = fd == watched_ ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  if (epoll_ctl(epoll_.get(), operation, fd, &event) != 0)
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  watched_ = fd;
  watched_events_ = events;
}

std::uint32_t CurlLoop::turn(int wait_ms) {
  std::array<epoll_event, 64> ready;
  int count =
      epoll_wait(epoll_.get(), ready.data(), static_cast<int>(ready.size()), until_timer(wait_ms));
  if (count < 0) {
    if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "epoll_wait");
    count = 0;
  }
  std::uint32_t watched_ready = 0;
  for (int i = 0; i < count; ++i) {
    std::uint32_t const events = ready[static_cast<std::size_t>(i)].events;
    int const fd = ready[static_cast<std::size_t>(i)].data.fd;
    if (fd == watched_) {
      watched_ready = events;
      continue;
    }
    int mask = 0;
    if ((events & (EPOLLIN | EPOLLHUP)) != 0) mask |= CURL_CSELECT_IN;
    if ((events & EPOLLOUT) != 0) mask |= CURL_CSELECT_OUT;
    if ((events & EPOLLERR) != 0) mask |= CURL_CSELECT_ERR;
    act(fd, mask);
  }
  if (timer_armed_ && Clock::now() >= timer_due_) {
    timer_armed_ = false;
    act(CURL_SOCKET_TIMEOUT, 0);
  }
  report_finished();
  return watched_ready;
}

int CurlLoop::until_timer(int wait_ms) const noexcept {
  if (!timer_armed_) return wait_ms;
  auto const left = std::chrono::ceil<std::chrono::milliseconds>(timer_due_ - Clock::now()).count();
  int const due_ms = static_cast<int>(std::clamp<std::int64_t>(left, 0, longest_wait_ms));
  return wait_ms < 0 ? due_ms : std::min(wait_ms, due_ms);
}

void CurlLoop::act(curl_socket_t fd, int mask) {
  int running = 0;
  check(curl_multi_socket_action(multi_.get(), fd, mask, &running), "curl_multi_socket_action");
}

void CurlLoop::report_finished() {
  int left = 0;
  while (CURLMsg *const message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL *const easy = message->easy_handle;  // the message dies with the next libcurl call
    CURLcode const code = message->data.result;
    remove(easy);
    done_(easy, code);
  }
}

// ---- libcurl callbacks: its C frames are above us, so nothing may be thrown ----

int CurlLoop::on_socket(CURL *, curl_socket_t fd, int what, void *self, void *) noexcept {
  int const epoll = static_cast<CurlLoop *>(self)->epoll_.get();
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(epoll, EPOLL_CTL_DEL, fd, nullptr);  // it may be closed already
    return 0;
  }
  epoll_event event{};
  event.data.fd = fd;
  if ((what & CURL_POLL_IN) != 0) event.events |= EPOLLIN;
  if ((what & CURL_POLL_OUT) != 0) event.events |= EPOLLOUT;
  if (epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event) == 0) return 0;
  if (errno == ENOENT && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0) return 0;
  return -1;  // libcurl gives up; the next call tells us
}

int CurlLoop::on_timer(CURLM *, long timeout_ms, void *self) noexcept {
  auto *const loop = static_cast<CurlLoop *>(self);
  loop->timer_armed_ = timeout_ms >= 0;
  loop->timer_due_ = Clock::now() + std::chrono::milliseconds(timeout_ms);
  return 0;
}

}  // namespace courier
