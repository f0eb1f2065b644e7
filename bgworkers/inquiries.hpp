// What servers are asked besides jobs: how they are (endpoints without jobs, and those whose
// breaker was open for long enough), and what became of requests whose answer was lost; and that
// they stop what nobody wants any more. The courier does the asking; here is what is due, what is
// on its way, and what came of it.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "bgworkers/courier_link.hpp"
#include "bgworkers/worker_loop.hpp"
#include "wire/messages.hpp"

namespace bgworkers {

class Inquiries {
 public:
  Inquiries();

  // Sends what is due. Each look is one short transaction, and most turns have none.
  void send_due(CourierLink &courier);

  // True when the message is done with. A result that was found becomes that of its attempt, and
  // is then like every other.
  bool take(wire::Message &message);

  // Records the answers in one transaction. True when there may be more to claim than before.
  bool record();

  // A breaker may have opened, or an outcome become unknown.
  void look_soon() noexcept;
  void courier_ended();
  void follow_clock(int64_t step_us) noexcept { since_us_ += step_us; }

  bool has_answers() const noexcept {
    return !probe_answers_.empty() || !lookup_answers_.empty() || !stop_answers_.empty();
  }
  Clock::time_point next_look() const noexcept { return next_look_; }

 private:
  struct Probe {
    wire::Uuid endpoint;
    wire::Uuid token;
    bool has_token = false;
  };
  struct ProbeAnswer {
    Probe probe;
    wire::Failed failure;
    bool good = false;
  };

  struct StopAnswer {
    wire::Uuid attempt;
    std::string problem;  // empty: the server heard
  };

  std::vector<wire::Submit> claim();
  void claim_probes(std::vector<wire::Submit> &submits);
  void claim_lookups(std::vector<wire::Submit> &submits);
  bool take_stop(const wire::Message &message);
  void look_at_latest(std::optional<int64_t> due_us);
  std::string probe_answers() const;
  std::string lookup_answers() const;
  std::string stop_answers() const;

  int64_t since_us_;
  std::unordered_map<wire::Uuid, Probe> probes_;
  std::unordered_map<wire::Uuid, wire::Uuid> lookups_;  // the attempts that they are about
  std::vector<ProbeAnswer> probe_answers_;
  std::unordered_map<wire::Uuid, wire::Uuid> stops_;
  std::vector<wire::LookedUp> lookup_answers_;
  std::vector<StopAnswer> stop_answers_;
  Clock::time_point last_look_{};
  Clock::time_point next_look_{};
};

}  // namespace bgworkers
