// The weights of one component folder: one safetensors file, or shards with an index, in any
// variant ("fp16"). Every tensor is taken by name with the shape the configuration implies;
// leftovers mean that the configuration and the weights do not belong together.
#pragma once

#include <ATen/ATen.h>

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "runner/checkpoint/placement.hpp"
#include "runner/checkpoint/safetensors.hpp"

namespace runner {

class WeightStore {
 public:
  // `stem` is "model" or "diffusion_pytorch_model"; `variant` may be empty.
  WeightStore(const std::filesystem::path &folder, const std::string &stem,
              const std::string &variant, Placement placement);

  bool has(const std::string &name) const { return tensors_.contains(name); }

  // A copy of the tensor with the given shape on the target device.
  at::Tensor take(const std::string &name, at::IntArrayRef shape);

  // Refuses weights that nobody took, except below the given prefixes.
  void finish(const std::vector<std::string> &unused_prefixes) const;

  const Placement &placement() const { return placement_; }

 private:
  void add_file(const std::filesystem::path &path);
  void add_shards(const std::filesystem::path &index);

  std::filesystem::path folder_;
  Placement placement_;
  std::vector<std::unique_ptr<SafetensorsFile>> files_;
  std::map<std::string, TensorEntry> tensors_;
  std::set<std::string> taken_;
};

// A dotted position in the tree of names: weights / "down_blocks.0" / "resnets.1".
class WeightScope {
 public:
  explicit WeightScope(WeightStore &store) : store_(&store) {}

  WeightScope operator/(const std::string &name) const { return {*store_, prefix_ + name + "."}; }
  bool has(const std::string &name) const { return store_->has(prefix_ + name); }
  at::Tensor take(const std::string &name, at::IntArrayRef shape) const {
    return store_->take(prefix_ + name, shape);
  }
  const Placement &placement() const { return store_->placement(); }

 private:
  WeightScope(WeightStore &store, std::string prefix)
      : store_(&store), prefix_(std::move(prefix)) {}

  WeightStore *store_;
  std::string prefix_;
};

}  // namespace runner
