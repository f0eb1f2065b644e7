// Group normalisation, with a version of our own for channels-last pictures on the CPU, where
// libtorch 1.13 takes ten times as long as for the other layout.
#include "runner/layers/group_norm.hpp"

#include <ATen/Parallel.h>

#include <cmath>

#include "runner/checkpoint/config.hpp"

namespace runner {
namespace {

// Sums are taken over runs of this many pixels, in float, and joined in double in a fixed order:
// the result does not depend on the number of threads.
constexpr int64_t pixels_per_task = 128;

struct Pixels {
  const float *values;
  int64_t count, channels;
};

// For every channel the sum over the pixels: of the values, or of their squared distances from
// `centers`.
void sum_pixels(const Pixels &pixels, const float *centers, float *sums) {
  const auto channels = pixels.channels;
  for (int64_t c = 0; c < channels; ++c)
    sums[c] = 0;
  for (int64_t i = 0; i < pixels.count; ++i) {
    const float *pixel = pixels.values + i * channels;
    if (centers == nullptr) {
      for (int64_t c = 0; c < channels; ++c)
        sums[c] += pixel[c];
    } else {
      for (int64_t c = 0; c < channels; ++c) {
        const float distance = pixel[c] - centers[c];
        sums[c] += distance * distance;
      }
    }
  }
}

void scale_pixels(const Pixels &pixels, const float *scales, const float *shifts, float *out) {
  for (int64_t i = 0; i < pixels.count; ++i) {
    const float *from = pixels.values + i * pixels.channels;
    float *to = out + i * pixels.channels;
    for (int64_t c = 0; c < pixels.channels; ++c)
      to[c] = from[c] * scales[c] + shifts[c];
  }
}

// Calls work(task, offset of its first value, its pixels) for every run of pixels.
template <class Work>
void for_each_task(const Pixels &all, const Work &work) {
  const auto tasks = (all.count + pixels_per_task - 1) / pixels_per_task;
  at::parallel_for(0, tasks, 1, [&](int64_t begin, int64_t end) {
    for (auto task = begin; task < end; ++task) {
      const auto first = task * pixels_per_task;
      const auto offset = first * all.channels;
      work(task, offset,
           Pixels{all.values + offset, std::min(pixels_per_task, all.count - first), all.channels});
    }
  });
}

// The mean over every group's values, or with `centers` their mean squared distance from them.
std::vector<double> group_means(const Pixels &all, int64_t groups, const float *centers) {
  const auto tasks = (all.count + pixels_per_task - 1) / pixels_per_task;
  std::vector<float> sums(static_cast<size_t>(tasks * all.channels));
  for_each_task(all, [&](int64_t task, int64_t, const Pixels &pixels) {
    sum_pixels(pixels, centers, sums.data() + task * all.channels);
  });
  const auto group_size = all.channels / groups;
  std::vector<double> means(static_cast<size_t>(groups));
  for (size_t i = 0; i < sums.size(); ++i) {
    const auto channel = static_cast<int64_t>(i) % all.channels;
    means[static_cast<size_t>(channel / group_size)] += sums[i];
  }
  for (auto &mean : means)
    mean /= static_cast<double>(group_size * all.count);
  return means;
}

}  // namespace

GroupNorm::GroupNorm(const WeightScope &weights, int64_t channels, int64_t groups, double epsilon)
    : weight_(weights.take("weight", {channels})),
      bias_(weights.take("bias", {channels})),
      groups_(groups),
      epsilon_(epsilon) {
  if (channels % groups != 0) {
    throw CheckpointError("a group norm of " + std::to_string(channels) + " channels cannot have " +
                          std::to_string(groups) + " groups");
  }
}

at::Tensor GroupNorm::operator()(const at::Tensor &input) const {
  const bool suits = input.is_cpu() && input.scalar_type() == at::kFloat &&
                     input.is_contiguous(at::MemoryFormat::ChannelsLast);
  return suits ? normalize_channels_last(input)
               : at::group_norm(input, groups_, weight_, bias_, epsilon_);
}

at::Tensor GroupNorm::normalize_channels_last(const at::Tensor &input) const {
  const auto channels = input.size(1), pixels = input.size(2) * input.size(3);
  const auto group_size = channels / groups_;
  const auto *weight = weight_.data_ptr<float>();
  const auto *bias = bias_.data_ptr<float>();
  const auto output = at::empty_like(input);
  std::vector<float> centers(static_cast<size_t>(channels)), scales(centers), shifts(centers);
  for (int64_t row = 0; row < input.size(0); ++row) {
    const auto row_offset = row * pixels * channels;
    const Pixels all{input.data_ptr<float>() + row_offset, pixels, channels};
    const auto means = group_means(all, groups_, nullptr);
    for (size_t c = 0; c < centers.size(); ++c) {
      centers[c] = static_cast<float>(means[c / static_cast<size_t>(group_size)]);
    }
    const auto variances = group_means(all, groups_, centers.data());
    for (size_t c = 0; c < centers.size(); ++c) {
      const auto variance = variances[c / static_cast<size_t>(group_size)];
      scales[c] = static_cast<float>(weight[c] / std::sqrt(variance + epsilon_));
      shifts[c] = bias[c] - centers[c] * scales[c];
    }
    auto *result = output.data_ptr<float>() + row_offset;
    for_each_task(all, [&](int64_t, int64_t offset, const Pixels &part) {
      scale_pixels(part, scales.data(), shifts.data(), result + offset);
    });
  }
  return output;
}

}  // namespace runner
