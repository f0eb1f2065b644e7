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

#include "courier/attempt.hpp"
#include "courier/curl_loop.hpp"
#include "wire/channel.hpp"
#include "wire/messages.hpp"

namespace courier {

class Courier : private Attempt::Observer {
 public:
  // descriptor_budget: how many descriptors all attempts together may use.
  Courier(int channel_fd, std::string spool_folder, std::size_t descriptor_budget);

  // Returns when the dispatcher closes the channel or says so. Throws wire::ProtocolError.
  void run();

 private:
  using Clock = std::chrono::steady_clock;
  using Deadline = std::pair<Clock::time_point, wire::Uuid>;
  // What is due when, and the attempt's own note of it.
  using Deadlines = std::set<Deadline>;
  static constexpr Clock::time_point never = Clock::time_point::max();

  struct Flight {
    std::unique_ptr<Attempt> attempt;
    std::size_t descriptors = 0;
    Clock::time_point first_byte_due = never;
    Clock::time_point proceed_due = never;  // it pauses until then
    Clock::time_point text_due = never;     // what was said is passed on then
    bool poked = false;                     // while it was asking anyway
  };

  void sent(const Attempt &attempt) override;
  void submitted(const Attempt &attempt, const std::string &external_id) override;
  void progressed(const Attempt &attempt, double fraction) override;
  void spoke(const Attempt &attempt) override;

  bool handle_frames();
  void handle(const wire::Message &message);
  void submit(const wire::Submit &submit);
  void launch(const wire::Submit &submit);
  void launch_waiting();
  bool has_room(std::size_t descriptors) const;
  void refuse(const wire::Submit &submit, wire::ErrorClass error_class, const std::string &why);
  void cancel(const wire::Uuid &attempt);
  void poke(const wire::Uuid &attempt);

  void complete(CURL *easy, CURLcode code);
  void proceed(const wire::Uuid &attempt);
  void end(const wire::Uuid &attempt, Attempt::Outcome &&outcome);
  void report(Attempt::Outcome &&outcome);
  void report_sent();
  void pass_on_text(Flight &flight);
  void set_due(Deadlines &deadlines, Clock::time_point Flight::*note, Flight &flight,
               Clock::time_point due);

  void attend_deadlines();
  void expire_first_bytes();
  int wait_ms() const;

  wire::Channel channel_;
  std::string const spool_folder_;
  std::size_t const descriptor_budget_;
  std::size_t descriptors_reserved_ = 0;
  CurlLoop loop_;
  std::unordered_map<wire::Uuid, Flight> flights_;
  std::deque<wire::Submit> waiting_;  // for descriptors
  std::size_t waited_for_ = 0;        // how many the first one needs
  Deadlines first_bytes_due_;
  Deadlines pauses_;
  Deadlines texts_due_;
  std::deque<std::pair<Clock::time_point, wire::Sent>> unreported_sent_;  // from when to report it
};

}  // namespace courier
