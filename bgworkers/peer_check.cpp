// The peer check: asks each server of atelier.peers what a standby asks before it streams, its
// system and its timeline, and ends. A process of its own, because a name server or a peer that
// does not answer would keep any other waiting.
#include <string>
#include <vector>

#include "bgworkers/fence.hpp"
#include "src/pg/compat.hpp"
#include "src/pg/settings.hpp"

extern "C" {
#include "access/xlog.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "storage/latch.h"
#include "utils/timeout.h"

PGDLLEXPORT void atelier_peer_check_main(Datum);
}

namespace bgworkers {
namespace {

constexpr int patience_per_peer_ms = 3000;

TimeoutId patience_over;

void give_up() {
  InterruptPending = true;
  QueryCancelPending = true;
  SetLatch(MyLatch);
}

struct Answer {
  uint64 system = 0;
  TimeLineID timeline = 0;
  const char *problem = nullptr;  // what was in the way of an answer
};

Answer ask(const char *peer) {
  return pg::call([&] {
    Answer out;
    char *problem = nullptr;
    enable_timeout_after(patience_over, patience_per_peer_ms);
    WalReceiverConn *const connection = compat::connect_to_walsender(peer, "atelier", &problem);
    if (connection != nullptr) {
      out.system = strtou64(walrcv_identify_system(connection, &out.timeline), nullptr, 10);
      walrcv_disconnect(connection);
    }
    disable_timeout(patience_over, false);
    if (connection == nullptr) out.problem = problem;
    if (connection != nullptr && out.system != GetSystemIdentifier())
      out.problem = "it belongs to another system";
    return out;
  });
}

std::vector<std::string> list_of_peers() {
  std::vector<std::string> out;
  std::string const all(settings::peers);
  for (size_t from = 0; from < all.size();) {
    size_t const to = std::min(all.find(';', from), all.size());
    std::string peer = all.substr(from, to - from);
    if (peer.find_first_not_of(" \t\n") != std::string::npos) out.push_back(std::move(peer));
    from = to + 1;
  }
  return out;
}

void check_peers() {
  pg::call([] {
    load_file("libpqwalreceiver", false);
    patience_over = RegisterTimeout(USER_TIMEOUT, give_up);
  });
  std::vector<std::string> const peers = list_of_peers();
  TimeLineID newest = 0;
  size_t answers = 0;
  std::string problems;
  for (size_t i = 0; i < peers.size(); ++i) {
    std::string problem;
    try {
      Answer const answer = ask(peers[i].c_str());
      if (answer.problem == nullptr) {
        newest = std::max(newest, answer.timeline);
        ++answers;
        continue;
      }
      problem = answer.problem;
    } catch (const pg::Error &error) {
      disable_timeout(patience_over, false);
      QueryCancelPending = false;
      problem = error.sqlstate() == ERRCODE_QUERY_CANCELED ? "no answer in time" : error.what();
    }
    problems += "; peer " + std::to_string(i + 1) + ": " + problem;
  }
  shared::set_peers_report(std::to_string(answers) + " of " + std::to_string(peers.size()) +
                           " peers answered" + problems);
  if (newest > GetWALInsertionTimeLine()) remember_replacement(newest);
}

}  // namespace
}  // namespace bgworkers

void atelier_peer_check_main(Datum) {
  bgworkers::install_signal_handlers();
  pg::entry([] { bgworkers::check_peers(); });
}
