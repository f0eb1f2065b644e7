// EulerDiscreteScheduler with "leading" spacing: which noise levels a picture passes through.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace runner {

struct Schedule {
  std::vector<float> timesteps;  // one per step, falling
  std::vector<float> sigmas;     // one more: the last is 0
  double initial_scale;          // of the unit noise that the first step starts from
};

class Scheduler {
 public:
  explicit Scheduler(const std::filesystem::path &folder);

  // 1 <= steps <= max_steps()
  Schedule schedule(int64_t steps) const;

  int64_t max_steps() const { return static_cast<int64_t>(sigmas_.size()); }

 private:
  std::vector<float> sigmas_;  // one per training step, rising
  int64_t offset_ = 0;
};

}  // namespace runner
