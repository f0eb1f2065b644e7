#include "bench/speaker.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <map>
#include <stdexcept>
#include <vector>

namespace bench {

namespace {

using Clock = std::chrono::steady_clock;

struct Talk {
  std::string request;
  int said = -1;  // below: it has not begun
  Clock::time_point begun{};
};

class Server {
 public:
  Server(int listener, int words_per_second, int seconds)
      : listener_(listener),
        pause_(std::chrono::microseconds(1000000 / words_per_second)),
        words_(words_per_second * seconds),
        epoll_(epoll_create1(0)) {
    watch(listener);
  }

  void run() {
    for (;;) {
      std::array<epoll_event, 256> ready{};
      int const count = epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), 2);
      for (int i = 0; i < count; ++i) {
        int const fd = ready.at(static_cast<std::size_t>(i)).data.fd;
        if (fd == listener_)
          meet();
        else
          listen_to(fd);
      }
      speak();
    }
  }

 private:
  void watch(int fd) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  }

  void meet() {
    for (;;) {
      int const fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
      if (fd < 0) return;
      int const on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      talks_[fd];
      watch(fd);
    }
  }

  void listen_to(int fd) {
    std::array<char, 8192> buffer{};
    ssize_t const n = read(fd, buffer.data(), buffer.size());
    if (n <= 0) {
      talks_.erase(fd);
      close(fd);
      return;
    }
    Talk &talk = talks_[fd];
    if (talk.said >= 0) return;
    talk.request.append(buffer.data(), static_cast<std::size_t>(n));
    std::size_t const head = talk.request.find("\r\n\r\n");
    std::size_t const length = talk.request.find("Content-Length: ");
    if (head == std::string::npos || length == std::string::npos) return;
    if (talk.request.size() < head + 4 + std::stoul(talk.request.substr(length + 16))) return;
    say(fd,
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    talk.said = 0;
    talk.begun = Clock::now();
  }

  void speak() {
    auto const now = Clock::now();
    std::vector<int> ended;
    std::array<char, 16> word{};
    std::snprintf(word.data(), word.size(), "%08u ", clock_ms());
    std::string const event = chunk("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" +
                                    std::string(word.data()) + "\"},\"finish_reason\":null}]}\n\n");
    for (auto &[fd, talk] : talks_) {
      while (talk.said >= 0 && talk.said < words_ && talk.begun + talk.said * pause_ <= now) {
        say(fd, event);
        ++talk.said;
      }
      if (talk.said == words_) ended.push_back(fd);
    }
    for (int const fd : ended) {
      say(fd,
          chunk("data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
                "data: [DONE]\n\n") +
              "0\r\n\r\n");
      talks_[fd].said = -1;
      talks_[fd].request.clear();
    }
  }

  static std::string chunk(const std::string &text) {
    std::array<char, 16> size{};
    std::snprintf(size.data(), size.size(), "%zx\r\n", text.size());
    return size.data() + text + "\r\n";
  }

  // Who does not listen for so long that the kernel holds no more has lost.
  static void say(int fd, const std::string &text) {
    if (send(fd, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size()))
      shutdown(fd, SHUT_RDWR);
  }

  int const listener_;
  Clock::duration const pause_;
  int const words_;
  int const epoll_;
  std::map<int, Talk> talks_;
};

}  // namespace

std::uint32_t clock_ms() {
  auto const since = std::chrono::system_clock::now().time_since_epoch();
  constexpr std::int64_t eight_digits = 100000000;
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(since).count() % eight_digits);
}

Speaker::Speaker(int words_per_second, int seconds) {
  int const listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto *const generic = reinterpret_cast<sockaddr *>(&address);
  if (bind(listener, generic, size) != 0 || listen(listener, 4096) != 0 ||
      getsockname(listener, generic, &size) != 0)
    throw std::runtime_error(std::string("the chat server cannot listen: ") + std::strerror(errno));
  port_ = ntohs(address.sin_port);
  child_ = fork();
  if (child_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    Server(listener, words_per_second, seconds).run();
  }
  close(listener);
}

Speaker::~Speaker() {
  kill(child_, SIGKILL);
  waitpid(child_, nullptr, 0);
}

}  // namespace bench
