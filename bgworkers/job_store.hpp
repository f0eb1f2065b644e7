// The dispatcher's statements: what it asks the database to do with jobs. Each method is one short
// transaction, or part of one that the caller holds where it takes a pg::Transaction.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "src/pg/spi.hpp"
#include "src/pg/transaction.hpp"
#include "wire/messages.hpp"

namespace bgworkers {

struct SentNote {
  wire::Uuid attempt;
  int64_t at_us = 0;
};

class JobStore {
 public:
  // The attempts are committed when it returns: only then may they leave the machine.
  std::vector<wire::Submit> claim(int most);

  // Unix epoch: when a waiting job becomes ready.
  std::optional<int64_t> next_wake_us();

  std::vector<wire::Uuid> to_cancel();

  void record_sent(const std::vector<SentNote> &notes);

  // Records outcomes, all or none: Succeeded, Failed, Cancelled and Submitted. Others are ignored.
  void record(pg::Transaction &open, std::span<const wire::Message> outcomes);
  void record_internal_failure(pg::Transaction &open, const wire::Uuid &attempt,
                               const std::string &message);

  // One NOTIFY on the channel atelier_events.
  void notify_listeners();

  void renew_leases(const std::vector<wire::Uuid> &attempts);

  // Somebody has set the clock by so much.
  void follow_clock(int64_t step_us);

  // Settles attempts whose courier is gone.
  void settle(const std::vector<wire::Uuid> &attempts, const std::string &reason);
  // Settles whatever an earlier dispatcher of this database left in flight.
  int64_t settle_all(const std::string &reason);
};

// The attempt that an outcome is about.
const wire::Uuid *attempt_of(const wire::Message &message);

}  // namespace bgworkers
