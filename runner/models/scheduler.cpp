#include "runner/models/scheduler.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "runner/checkpoint/config.hpp"

namespace runner {

Scheduler::Scheduler(const std::filesystem::path &folder) {
  auto config = Config::load(folder / "scheduler_config.json");
  config.must_be("beta_schedule", {"scaled_linear"});
  config.must_be("final_sigmas_type", {"zero"});
  config.must_be("interpolation_type", {"linear"});
  config.must_be("prediction_type", {"epsilon"});
  config.must_be("timestep_spacing", {"leading"});
  config.must_be("timestep_type", {"discrete"});
  for (const auto *key : {"beta_schedule", "timestep_spacing"})
    config.required<std::string>(key);
  // Settings of other schedulers that SDXL's files carry along.
  config.ignore({"clip_sample", "sample_max_value", "set_alpha_to_one", "skip_prk_steps"});
  const auto first = config.required<double>("beta_start");
  const auto last = config.required<double>("beta_end");
  if (!(first > 0 && first < 1)) config.refuse("beta_start", "is out of range");
  if (!(last >= first && last < 1)) config.refuse("beta_end", "is out of range");
  const auto steps = config.required_positive("num_train_timesteps");
  offset_ = config.value_or<int64_t>("steps_offset", 0);
  if (offset_ < 0 || offset_ > steps) config.refuse("steps_offset", "is out of range");
  config.finish();

  const auto betas = at::linspace(std::sqrt(first), std::sqrt(last), steps, at::kFloat).square();
  const auto kept = at::cumprod(1 - betas, 0);
  const auto sigmas = ((1 - kept) / kept).sqrt().contiguous();
  sigmas_.assign(sigmas.data_ptr<float>(), sigmas.data_ptr<float>() + steps);
}

Schedule Scheduler::schedule(int64_t steps) const {
  Schedule result;
  const auto stride = max_steps() / steps;
  for (int64_t i = steps - 1; i >= 0; --i) {
    const auto timestep = i * stride + offset_;
    result.timesteps.push_back(static_cast<float>(timestep));
    result.sigmas.push_back(sigmas_[std::min(timestep, max_steps() - 1)]);
  }
  const double largest = result.sigmas.front();
  result.initial_scale = std::sqrt(largest * largest + 1);
  result.sigmas.push_back(0);
  return result;
}

}  // namespace runner
