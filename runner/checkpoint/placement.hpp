// Where a model's weights live and in which type and memory layout they are computed.
#pragma once

#include <ATen/ATen.h>

namespace runner {

struct Placement {
  at::Device device = at::kCPU;
  at::ScalarType type = at::kFloat;
  // Convolutions are fastest with the channels innermost on the CPU, and a picture is then a list
  // of tokens for free.
  at::MemoryFormat layout = at::MemoryFormat::ChannelsLast;
};

}  // namespace runner
