// An inference server that has to be paid: it writes down how often each job was asked for, as soon
// as a request has arrived completely, whether or not anybody waits for the answer.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <thread>

namespace bench {

// What it makes of every prompt.
inline constexpr const char *paid_picture =
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEElEQVR4nGNgaGDAjoaWBACBfCAB1+"
    "kwKQAAAABJRU5ErkJggg==";

class PaidProvider {
 public:
  // Answers after fastest to slowest milliseconds.
  PaidProvider(int fastest_ms, int slowest_ms);
  ~PaidProvider();
  PaidProvider(const PaidProvider &) = delete;
  PaidProvider &operator=(const PaidProvider &) = delete;

  std::string url() const;
  // How often it was asked for the job of this number: the first one in the prompt.
  int calls(int job) const;

 private:
  void accept_all();
  void serve(int connection);
  int note_call(const std::string &request);
  int answer_time_ms();

  int const fastest_ms_;
  int const slowest_ms_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> open_ = 0;
  mutable std::mutex mutex_;
  std::map<int, int> calls_;
  std::mt19937 random_{std::random_device{}()};
  std::thread acceptor_;
};

}  // namespace bench
