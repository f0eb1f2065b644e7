// courier.hpp -- the attempts in flight, between the dispatcher's frames and libcurl's events.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "courier/curl_loop.hpp"
#include "courier/transfer.hpp"
#include "wire/channel.hpp"
#include "wire/messages.hpp"

namespace courier {

class Courier {
 public:
  // descriptor_budget: how many descriptors all attempts together may use.
  Courier(int channel_fd, std::string spool_folder, std::size_t descriptor_budget);

  // Returns when the dispatcher closes the channel or says so. Throws wire::ProtocolError.
  void run();

 private:
  using Clock = std::chrono::steady_clock;
  using Deadline = std::pair<Clock::time_point, wire::Uuid>;

  struct Flight {
    std::unique_ptr<Transfer> transfer;
    Clock::time_point first_byte_due = Clock::time_point::max();
  };

  bool handle_frames();
  void submit(const wire::Submit &submit);
  void cancel(const wire::Uuid &attempt);
  void refuse(const wire::Submit &submit, const AttemptError &error);
  void note_sent(const Transfer &transfer);
  void report_sent();
  void complete(CURL *easy, CURLcode code);
  void expire_first_bytes();
  Flight take(const wire::Uuid &attempt);
  int wait_ms() const;

  wire::Channel channel_;
  std::string const spool_folder_;
  std::size_t const descriptor_budget_;
  std::size_t descriptors_reserved_ = 0;
  CurlLoop loop_;
  std::unordered_map<wire::Uuid, Flight> flights_;
  std::set<Deadline> first_bytes_due_;
  std::deque<std::pair<Clock::time_point, wire::Sent>> unreported_sent_;  // from when to report it
};

}  // namespace courier
