// Read-only view of a safetensors file: eight bytes of header length, a JSON header, then the
// tensors' bytes. The file may come from a stranger. Everything the header claims is checked
// against the mapped size before any byte of data is touched: lengths, products, order, overlaps
// and holes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace runner {

enum class TensorType { f16, bf16, f32, f64, other };

struct TensorEntry {
  TensorType type;
  std::vector<int64_t> shape;
  std::span<const std::byte> bytes;
};

class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path &path);
  ~MappedFile();
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  const std::byte *data_ = nullptr;
  size_t size_ = 0;
};

class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::filesystem::path &path);

  const std::map<std::string, TensorEntry> &tensors() const { return tensors_; }

 private:
  MappedFile file_;
  std::map<std::string, TensorEntry> tensors_;
};

// The parsing alone, for bytes that are already in memory. Throws CheckpointError.
std::map<std::string, TensorEntry> parse_safetensors(std::span<const std::byte> file);

}  // namespace runner
