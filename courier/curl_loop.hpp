// curl_loop.hpp -- many HTTP transfers and one other descriptor behind a single wait.
//
// libcurl tells which sockets it cares about (on_socket) and when it wants to be called next
// (on_timer). Finished transfers are reported from turn(), never from inside a libcurl callback.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "wire/file_descriptor.hpp"

namespace courier {

class CurlLoop {
 public:
  using Clock = std::chrono::steady_clock;
  using Done = std::function<void(CURL *, CURLcode)>;

  // max_idle: connections that are kept open for the next request to the same server.
  CurlLoop(Done done, long max_idle);
  CurlLoop(const CurlLoop &) = delete;
  CurlLoop &operator=(const CurlLoop &) = delete;
  ~CurlLoop() = default;

  void add(CURL *easy);
  void remove(CURL *easy) noexcept;  // ends the transfer if it is under way, and closes its socket

  // The one descriptor that is not libcurl's. Its readiness is what turn() returns.
  void watch(int fd, std::uint32_t events);

  // Waits at most that long (negative: without limit), makes progress and reports what has
  // finished.
  std::uint32_t turn(int wait_ms);

 private:
  struct FreeMulti {
    void operator()(CURLM *multi) const noexcept { curl_multi_cleanup(multi); }
  };

  static int on_socket(CURL *, curl_socket_t fd, int what, void *self, void *) noexcept;
  static int on_timer(CURLM *, long timeout_ms, void *self) noexcept;

  int until_timer(int wait_ms) const noexcept;
  void act(curl_socket_t fd, int mask);
  void report_finished();

  Done const done_;
  wire::FileDescriptor epoll_;  // outlives multi_, whose end still calls on_socket
  std::unique_ptr<CURLM, FreeMulti> multi_;
  int watched_ = -1;
  std::uint32_t watched_events_ = 0;
  bool timer_armed_ = false;
  Clock::time_point timer_due_{};
};

}  // namespace courier
