// CLIP's text encoder: causal self-attention over 77 tokens, without a padding mask.
#pragma once

#include <ATen/ATen.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "runner/layers/layers.hpp"

namespace runner {

struct EncodedText {
  at::Tensor
      hidden;  // (prompts, tokens, width): the last-but-one layer's output, without the final norm
  at::Tensor pooled;  // (prompts, projection), or undefined without a projection
};

class TextEncoder {
 public:
  // `projected` says whether this is the encoder whose pooled output is used.
  TextEncoder(const std::filesystem::path &folder, const std::string &variant, Placement placement,
              bool projected);

  // One row of ids for each prompt, all of the same length.
  EncodedText operator()(const std::vector<std::vector<int64_t>> &prompts) const;

  int64_t width() const { return width_; }
  int64_t projection_size() const { return projection_size_; }
  int64_t positions() const { return positions_; }
  int64_t vocabulary_size() const { return vocabulary_size_; }

 private:
  class Layer;

  at::Tensor pool(const at::Tensor &last, const std::vector<std::vector<int64_t>> &prompts) const;

  int64_t width_ = 0, projection_size_ = 0, positions_ = 0, vocabulary_size_ = 0;
  Placement placement_;
  at::Tensor token_table_, position_table_;
  std::vector<std::shared_ptr<const Layer>> layers_;
  LayerNorm final_norm_;
  std::optional<Linear> projection_;
};

}  // namespace runner
