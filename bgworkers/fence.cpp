#include "bgworkers/fence.hpp"

#include "bgworkers/registration.hpp"
#include "src/pg/settings.hpp"

extern "C" {
#include <unistd.h>

#include "access/xlog.h"
#include "storage/fd.h"
}

namespace bgworkers {
namespace {

constexpr auto asking_interval = std::chrono::seconds(10);
// The dispatchers wait for the first answers, but not longer than this.
constexpr auto patience = std::chrono::seconds(10);

// In the data directory. It says nothing any more once the server has joined the newer timeline.
constexpr const char *file_name = "atelier.replaced_by";
constexpr const char *unfinished_file_name = "atelier.replaced_by.tmp";

}  // namespace

void Fence::keep_asking() {
  if (asker_ != nullptr && !answers_are_in()) return;
  if (settings::peers[0] == '\0') {
    asked_ = true;
    shared::set_peers_report({});
    next_look_ = Clock::now() + asking_interval;
    return;
  }
  if (Clock::now() < next_look_) return;
  asker_ = start_peer_check();
  next_look_ = Clock::now() + (asker_ != nullptr ? patience : asking_interval);
  if (asker_ != nullptr) return;
  asked_ = true;
  shared::set_peers_report("no free background worker slot to ask the peers");
}

bool Fence::answers_are_in() {
  pid_t pid = 0;
  if (pg::call([&] { return GetBackgroundWorkerPid(asker_, &pid); }) == BGWH_STOPPED) {
    pg::call([&] { pfree(asker_); });
    asker_ = nullptr;
    asked_ = true;
    next_look_ = Clock::now() + asking_interval;
    return true;
  }
  if (Clock::now() >= next_look_) {
    asked_ = true;  // whatever it learns later still counts
    next_look_ = Clock::now() + asking_interval;
  }
  return false;
}

TimeLineID replaced_by_timeline() {
  return pg::call([]() -> TimeLineID {
    FILE *const file = AllocateFile(file_name, PG_BINARY_R);
    if (file == nullptr) {
      if (errno != ENOENT)
        ereport(ERROR, (errcode_for_file_access(), errmsg("could not read \"%s\": %m", file_name)));
      return 0;
    }
    unsigned int timeline = 0;
    if (fscanf(file, "%u", &timeline) != 1) timeline = 0;
    FreeFile(file);
    return timeline > GetWALInsertionTimeLine() ? timeline : 0;
  });
}

void remember_replacement(TimeLineID timeline) {
  pg::call([&] {
    FILE *const file = AllocateFile(unfinished_file_name, PG_BINARY_W);
    if (file == nullptr || fprintf(file, "%u\n", timeline) < 0 || FreeFile(file) != 0)
      ereport(ERROR, (errcode_for_file_access(),
                      errmsg("could not write \"%s\": %m", unfinished_file_name)));
    durable_rename(unfinished_file_name, file_name, ERROR);
  });
}

}  // namespace bgworkers
