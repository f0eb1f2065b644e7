// kserve_tensor.hpp -- tensors of the KServe v2 protocol as they are in memory: little-endian, row
// by row, without padding; texts with their length before them.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace courier {

enum class KserveType {
  boolean,
  uint8,
  uint16,
  uint32,
  uint64,
  int8,
  int16,
  int32,
  int64,
  fp16,
  bf16,
  fp32,
  fp64,
  bytes
};

// "FP32"; nothing for a name that is none.
std::optional<KserveType> kserve_type(std::string_view name);

// Of one element; 0 for texts.
std::size_t kserve_element_bytes(KserveType type);

// Appends an element. False when it is not one of that type, or out of its range.
bool append_kserve_element(KserveType type, const nlohmann::json &value, std::string &tensor);

// The elements of a tensor that is no text, as JSON: exact, where JSON can be.
nlohmann::json kserve_elements(KserveType type, std::string_view tensor);

// Length before a text.
inline constexpr std::size_t kserve_length_bytes = 4;
std::size_t read_kserve_length(std::string_view four_bytes);

}  // namespace courier
