#include "bgworkers/webhooks.hpp"

#include <utility>

#include "src/pg/spi.hpp"
#include "src/pg/transaction.hpp"

namespace bgworkers {
namespace {

// Until the database is updated there is nothing to call.
pg::Statement knows_webhooks(
    "select exists (select from pg_catalog.pg_proc p where p.proname = 'take_webhooks')");
pg::Statement take_webhooks("select attempt_id, action from atelier_engine.take_webhooks()");

}  // namespace

bool Webhooks::follow(CourierLink &courier) {
  uint32 const taken = pg_atomic_read_u32(&home_.webhooks);
  bool lookups_are_due = false;
  if (look_now_ || taken != taken_) {
    lookups_are_due = look();
    taken_ = taken;
    look_now_ = false;
  }
  if (to_poke_.empty()) return lookups_are_due;
  for (const wire::Uuid &attempt : std::exchange(to_poke_, {}))
    courier.send(wire::encode(wire::Poke{attempt}));
  courier.flush();
  return lookups_are_due;
}

bool Webhooks::look() {
  bool lookups_are_due = false;
  std::vector<wire::Uuid> pokes;
  bool some_wait = false;
  pg::Transaction transaction("following webhooks");
  if (knows_webhooks.run({}).boolean(0, 1)) {
    auto const rows = take_webhooks.run({});
    for (uint64_t row = 0; row < rows.size(); ++row) {
      std::string const action = rows.text(row, 2);
      if (action == "poke") pokes.push_back(rows.uuid(row, 1));
      if (action == "look") lookups_are_due = true;
      if (action == "wait") some_wait = true;
    }
  }
  transaction.commit();
  some_wait_ = some_wait;
  to_poke_.insert(to_poke_.end(), pokes.begin(), pokes.end());
  return lookups_are_due;
}

}  // namespace bgworkers
