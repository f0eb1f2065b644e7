#include "runner/checkpoint/weights.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

#include "runner/checkpoint/config.hpp"

namespace runner {
namespace {

namespace fs = std::filesystem;

bool is_shard(const std::string &name) { return name.find("-of-") != std::string::npos; }

// The spellings that diffusers and transformers have used, newest first.
std::optional<fs::path> find_named(const fs::path &folder, const std::string &stem,
                                   const std::string &variant) {
  const auto dotted = variant.empty() ? std::string() : "." + variant;
  for (const auto &name :
       {stem + dotted + ".safetensors", stem + dotted + ".safetensors.index.json",
        stem + ".safetensors.index" + dotted + ".json"}) {
    if (fs::is_regular_file(folder / name)) return folder / name;
  }
  return std::nullopt;
}

std::optional<fs::path> find_only_variant(const fs::path &folder, const std::string &stem) {
  std::vector<fs::path> found;
  for (const auto &entry : fs::directory_iterator(folder)) {
    const auto name = entry.path().filename().string();
    const bool weights = name.ends_with(".safetensors") && !is_shard(name);
    const bool index = name.ends_with(".json") && name.find(".safetensors.index") != name.npos;
    if (name.starts_with(stem + ".") && (weights || index)) found.push_back(entry.path());
  }
  if (found.size() > 1) {
    throw CheckpointError(folder.string() + ": several variants of the weights; choose one");
  }
  return found.empty() ? std::nullopt : std::optional(found.front());
}

at::ScalarType torch_type(TensorType type, const std::string &name) {
  switch (type) {
    case TensorType::f16:
      return at::kHalf;
    case TensorType::bf16:
      return at::kBFloat16;
    case TensorType::f32:
      return at::kFloat;
    case TensorType::f64:
      return at::kDouble;
    case TensorType::other:
      break;
  }
  throw CheckpointError("weight \"" + name + "\" is not stored as floating point");
}

}  // namespace

WeightStore::WeightStore(const fs::path &folder, const std::string &stem,
                         const std::string &variant, Placement placement)
    : folder_(folder), placement_(placement) {
  auto file = find_named(folder, stem, variant);
  if (!file && variant.empty()) file = find_only_variant(folder, stem);
  if (!file) file = find_named(folder, stem, "");
  if (!file) throw CheckpointError(folder.string() + ": no " + stem + ".safetensors");
  if (file->extension() == ".json") {
    add_shards(*file);
  } else {
    add_file(*file);
  }
}

void WeightStore::add_file(const fs::path &path) {
  files_.push_back(std::make_unique<SafetensorsFile>(path));
  for (const auto &[name, entry] : files_.back()->tensors()) {
    if (!tensors_.emplace(name, entry).second) {
      throw CheckpointError(path.string() + ": tensor \"" + name + "\" occurs in two files");
    }
  }
}

void WeightStore::add_shards(const fs::path &index) {
  const auto parsed = load_json(index);
  const auto map = parsed.find("weight_map");
  if (map == parsed.end() || !map->is_object()) {
    throw CheckpointError(index.string() + ": has no weight_map");
  }
  std::set<std::string> names;
  for (const auto &[tensor, file] : map->items()) {
    const auto name = file.is_string() ? file.get<std::string>() : std::string();
    if (name.empty() || fs::path(name).filename() != name || name == "..") {
      throw CheckpointError(index.string() + ": bad file name for \"" + tensor + "\"");
    }
    names.insert(name);
  }
  for (const auto &name : names)
    add_file(index.parent_path() / name);
  for (const auto &[tensor, file] : map->items()) {
    if (!has(tensor)) throw CheckpointError(index.string() + ": \"" + tensor + "\" is missing");
  }
}

at::Tensor WeightStore::take(const std::string &name, at::IntArrayRef shape) {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) {
    throw CheckpointError(folder_.string() + ": weight \"" + name + "\" is missing");
  }
  const auto &entry = found->second;
  if (at::IntArrayRef(entry.shape) != shape) {
    throw CheckpointError(folder_.string() + ": weight \"" + name + "\" has shape " +
                          nlohmann::json(entry.shape).dump() + ", the configuration asks for " +
                          nlohmann::json(shape.vec()).dump());
  }
  taken_.insert(name);
  auto tensor = at::empty(shape, torch_type(entry.type, name));
  // Copied, because the file gives no alignment and may change under the mapping.
  std::memcpy(tensor.data_ptr(), entry.bytes.data(), entry.bytes.size());
  return tensor.to(placement_.device, placement_.type);
}

void WeightStore::finish(const std::vector<std::string> &unused_prefixes) const {
  for (const auto &[name, entry] : tensors_) {
    const bool unused =
        std::any_of(unused_prefixes.begin(), unused_prefixes.end(),
                    [&name = name](const auto &prefix) { return name.starts_with(prefix); });
    if (!unused && !taken_.contains(name)) {
      throw CheckpointError(folder_.string() + ": weight \"" + name +
                            "\" has no place in the configured model");
    }
  }
}

}  // namespace runner
