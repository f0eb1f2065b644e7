#include "runner/checkpoint/safetensors.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "runner/checkpoint/config.hpp"

namespace runner {
namespace {

constexpr uint64_t header_length_bytes = 8;
constexpr uint64_t max_header_bytes = 100'000'000;
constexpr size_t max_dimensions = 16;

struct TypeInfo {
  const char *name;
  TensorType type;
  uint64_t bytes;
};

constexpr TypeInfo known_types[] = {
    {"F16", TensorType::f16, 2},   {"BF16", TensorType::bf16, 2}, {"F32", TensorType::f32, 4},
    {"F64", TensorType::f64, 8},   {"I8", TensorType::other, 1},  {"U8", TensorType::other, 1},
    {"I16", TensorType::other, 2}, {"U16", TensorType::other, 2}, {"I32", TensorType::other, 4},
    {"U32", TensorType::other, 4}, {"I64", TensorType::other, 8}, {"U64", TensorType::other, 8},
    {"BOOL", TensorType::other, 1}};

const TypeInfo &type_info(const std::string &name) {
  const auto *found = std::find_if(std::begin(known_types), std::end(known_types),
                                   [&](const TypeInfo &info) { return name == info.name; });
  if (found == std::end(known_types)) throw CheckpointError("unknown element type " + name);
  return *found;
}

uint64_t header_length(std::span<const std::byte> file) {
  if (file.size() < header_length_bytes) throw CheckpointError("shorter than its header");
  uint64_t length = 0;
  for (size_t i = 0; i < header_length_bytes; ++i) {
    length |= std::to_integer<uint64_t>(file[i]) << (8 * i);
  }
  if (length > max_header_bytes || length > file.size() - header_length_bytes) {
    throw CheckpointError("header of " + std::to_string(length) + " bytes does not fit");
  }
  return length;
}

nlohmann::json parse_header(std::span<const std::byte> bytes) {
  const auto *text = reinterpret_cast<const char *>(bytes.data());
  auto header =
      nlohmann::json::parse(text, text + bytes.size(), nullptr, /*allow_exceptions=*/false);
  if (!header.is_object()) throw CheckpointError("header is not a JSON object");
  return header;
}

std::vector<int64_t> parse_shape(const nlohmann::json &shape, uint64_t element_bytes,
                                 uint64_t expected_bytes) {
  if (shape.size() > max_dimensions) throw CheckpointError("too many dimensions");
  std::vector<int64_t> sizes;
  uint64_t bytes = element_bytes;
  for (const auto &dimension : shape) {
    if (!dimension.is_number_unsigned()) throw CheckpointError("a dimension is not a count");
    const auto size = dimension.get<uint64_t>();
    if (size > INT64_MAX || __builtin_mul_overflow(bytes, size, &bytes)) {
      throw CheckpointError("the shape overflows");
    }
    sizes.push_back(static_cast<int64_t>(size));
  }
  if (bytes != expected_bytes) throw CheckpointError("the shape does not match the byte count");
  return sizes;
}

TensorEntry parse_entry(const nlohmann::json &entry, std::span<const std::byte> data) {
  if (!entry.is_object() || !entry.contains("dtype") || !entry["dtype"].is_string() ||
      !entry.contains("shape") || !entry["shape"].is_array() || !entry.contains("data_offsets")) {
    throw CheckpointError("incomplete entry");
  }
  const auto &offsets = entry["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
      !offsets[1].is_number_unsigned()) {
    throw CheckpointError("malformed offsets");
  }
  const auto begin = offsets[0].get<uint64_t>();
  const auto end = offsets[1].get<uint64_t>();
  if (begin > end || end > data.size()) throw CheckpointError("offsets outside the file");
  const auto &info = type_info(entry["dtype"].get_ref<const std::string &>());
  return {info.type, parse_shape(entry["shape"], info.bytes, end - begin),
          data.subspan(begin, end - begin)};
}

// The format demands that the tensors cover the data exactly, one after the other.
void check_coverage(const std::map<std::string, TensorEntry> &tensors,
                    std::span<const std::byte> data) {
  std::vector<std::pair<const std::byte *, const std::byte *>> ranges;
  ranges.reserve(tensors.size());
  for (const auto &[name, entry] : tensors) {
    ranges.emplace_back(entry.bytes.data(), entry.bytes.data() + entry.bytes.size());
  }
  std::sort(ranges.begin(), ranges.end());
  const auto *position = data.data();
  for (const auto &[begin, end] : ranges) {
    if (begin != position) throw CheckpointError("tensors overlap or leave holes");
    position = end;
  }
  if (position != data.data() + data.size()) throw CheckpointError("bytes after the last tensor");
}

}  // namespace

MappedFile::MappedFile(const std::filesystem::path &path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), path.string());
  struct stat status {};
  void *address = MAP_FAILED;
  if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
    size_ = static_cast<size_t>(status.st_size);
    address = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor, 0);
  }
  close(descriptor);
  if (address == MAP_FAILED) throw CheckpointError(path.string() + ": cannot be mapped");
  data_ = static_cast<const std::byte *>(address);
}

MappedFile::~MappedFile() { munmap(const_cast<std::byte *>(data_), size_); }

std::map<std::string, TensorEntry> parse_safetensors(std::span<const std::byte> file) {
  const auto length = header_length(file);
  const auto header = parse_header(file.subspan(header_length_bytes, length));
  const auto data = file.subspan(header_length_bytes + length);
  std::map<std::string, TensorEntry> tensors;
  for (const auto &[name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    try {
      tensors.emplace(name, parse_entry(entry, data));
    } catch (const CheckpointError &error) {
      throw CheckpointError("tensor \"" + name + "\": " + error.what());
    }
  }
  check_coverage(tensors, data);
  return tensors;
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path &path) : file_(path) {
  try {
    tensors_ = parse_safetensors(file_.bytes());
  } catch (const CheckpointError &error) {
    throw CheckpointError(path.string() + ": " + error.what());
  }
}

}  // namespace runner
