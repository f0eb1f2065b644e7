// The processes that bench/soak kills, and how long it takes until all is well again.
#pragma once

#include <sys/types.h>

#include <array>
#include <string>
#include <vector>

#include "bench/session.hpp"

namespace bench {

class Victims {
 public:
  static constexpr std::array<const char *, 4> names = {"courier", "runner", "dispatcher",
                                                        "postmaster"};

  // Waits until the process of this kind is there, kills it with signal 9, and returns when its
  // successor is there and the next result was recorded.
  void kill_one(std::size_t kind);

  // Seconds from each kill until all was well again.
  const std::vector<double> &recoveries(std::size_t kind) const { return recoveries_[kind]; }
  std::size_t kills() const;

 private:
  pid_t pid_of(std::size_t kind);
  pid_t await(std::size_t kind, pid_t other_than);
  void await_result_after(const std::string &moment);

  Session session_;
  std::array<std::vector<double>, names.size()> recoveries_;
};

}  // namespace bench
