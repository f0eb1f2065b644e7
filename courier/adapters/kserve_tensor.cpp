#include "courier/adapters/kserve_tensor.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>

namespace courier {

namespace {

using Json = nlohmann::json;

static_assert(std::endian::native == std::endian::little, "tensors are written as they are");

struct Named {
  std::string_view name;
  KserveType type;
  std::size_t bytes;
};

constexpr std::array types = {
    Named{"BOOL", KserveType::boolean, 1},  Named{"UINT8", KserveType::uint8, 1},
    Named{"UINT16", KserveType::uint16, 2}, Named{"UINT32", KserveType::uint32, 4},
    Named{"UINT64", KserveType::uint64, 8}, Named{"INT8", KserveType::int8, 1},
    Named{"INT16", KserveType::int16, 2},   Named{"INT32", KserveType::int32, 4},
    Named{"INT64", KserveType::int64, 8},   Named{"FP16", KserveType::fp16, 2},
    Named{"BF16", KserveType::bf16, 2},     Named{"FP32", KserveType::fp32, 4},
    Named{"FP64", KserveType::fp64, 8},     Named{"BYTES", KserveType::bytes, 0},
};

template <typename Value>
void append(Value value, std::string &tensor) {
  std::array<char, sizeof value> raw{};
  std::memcpy(raw.data(), &value, sizeof value);
  tensor.append(raw.data(), raw.size());
}

template <typename Value>
Value read(std::string_view tensor) {
  Value value;
  std::memcpy(&value, tensor.data(), sizeof value);
  return value;
}

template <typename Integer>
bool append_integer(const Json &value, std::string &tensor) {
  if (!value.is_number_integer()) return false;
  bool fits = false;
  if (value.is_number_unsigned())
    fits = std::in_range<Integer>(value.get<std::uint64_t>());
  else
    fits = std::in_range<Integer>(value.get<std::int64_t>());
  if (fits) append(value.get<Integer>(), tensor);
  return fits;
}

std::uint16_t to_bf16(float value) {
  auto const bits = std::bit_cast<std::uint32_t>(value);
  // To the nearest, and to an even one of two that are as near.
  return static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16);
}

std::uint16_t to_fp16(float value) {
  auto const sign = static_cast<std::uint16_t>(std::signbit(value) ? 0x8000U : 0);
  float const size = std::fabs(value);
  constexpr float least_normal = 6.103515625e-05F;           // 2^-14
  constexpr float subnormal_step = 5.9604644775390625e-08F;  // 2^-24
  if (size < least_normal)
    return sign | static_cast<std::uint16_t>(std::nearbyint(size / subnormal_step));
  auto const bits = std::bit_cast<std::uint32_t>(size) - (112U << 23);  // the exponent's new bias
  return sign | static_cast<std::uint16_t>((bits + 0xFFFU + ((bits >> 13) & 1U)) >> 13);
}

float from_fp16(std::uint16_t half) {
  constexpr float subnormal_step = 5.9604644775390625e-08F;
  constexpr std::uint32_t infinity = 0x7F800000U;
  std::uint32_t const exponent = (half >> 10) & 31U;
  std::uint32_t const fraction = half & 0x3FFU;
  float size = 0;
  if (exponent == 0)
    size = static_cast<float>(fraction) * subnormal_step;
  else if (exponent == 31)
    size = std::bit_cast<float>(infinity | (fraction << 13));
  else
    size = std::bit_cast<float>(((exponent + 112U) << 23) | (fraction << 13));
  return (half & 0x8000U) != 0 ? -size : size;
}

bool append_real(KserveType type, const Json &value, std::string &tensor) {
  if (!value.is_number()) return false;
  auto const real = value.get<double>();
  if (type == KserveType::fp64) {
    append(real, tensor);
    return true;
  }
  constexpr double highest_half = 65504;
  double const highest = type == KserveType::fp16
                             ? highest_half
                             : static_cast<double>(std::numeric_limits<float>::max());
  if (std::fabs(real) > highest) return false;
  auto const single = static_cast<float>(real);
  if (type == KserveType::fp32)
    append(single, tensor);
  else
    append(type == KserveType::fp16 ? to_fp16(single) : to_bf16(single), tensor);
  return true;
}

bool append_text(const Json &value, std::string &tensor) {
  std::string const text = value.is_string() ? value.get<std::string>() : value.dump();
  if (value.is_structured() || text.size() > UINT32_MAX) return false;
  append(static_cast<std::uint32_t>(text.size()), tensor);
  tensor += text;
  return true;
}

Json element(KserveType type, std::string_view raw) {
  switch (type) {
    case KserveType::boolean:
      return raw[0] != 0;
    case KserveType::uint8:
      return read<std::uint8_t>(raw);
    case KserveType::uint16:
      return read<std::uint16_t>(raw);
    case KserveType::uint32:
      return read<std::uint32_t>(raw);
    case KserveType::uint64:
      return read<std::uint64_t>(raw);
    case KserveType::int8:
      return read<std::int8_t>(raw);
    case KserveType::int16:
      return read<std::int16_t>(raw);
    case KserveType::int32:
      return read<std::int32_t>(raw);
    case KserveType::int64:
      return read<std::int64_t>(raw);
    case KserveType::fp16:
      return from_fp16(read<std::uint16_t>(raw));
    case KserveType::bf16:
      return std::bit_cast<float>(static_cast<std::uint32_t>(read<std::uint16_t>(raw)) << 16);
    case KserveType::fp32:
      return read<float>(raw);
    case KserveType::fp64:
      return read<double>(raw);
    case KserveType::bytes:
      break;
  }
  return nullptr;
}

}  // namespace

std::optional<KserveType> kserve_type(std::string_view name) {
  for (const Named &known : types)
    if (known.name == name) return known.type;
  return std::nullopt;
}

std::size_t kserve_element_bytes(KserveType type) {
  for (const Named &known : types)
    if (known.type == type) return known.bytes;
  return 0;
}

bool append_kserve_element(KserveType type, const Json &value, std::string &tensor) {
  switch (type) {
    case KserveType::boolean:
      if (!value.is_boolean()) return false;
      tensor += static_cast<char>(value.get<bool>() ? 1 : 0);
      return true;
    case KserveType::uint8:
      return append_integer<std::uint8_t>(value, tensor);
    case KserveType::uint16:
      return append_integer<std::uint16_t>(value, tensor);
    case KserveType::uint32:
      return append_integer<std::uint32_t>(value, tensor);
    case KserveType::uint64:
      return append_integer<std::uint64_t>(value, tensor);
    case KserveType::int8:
      return append_integer<std::int8_t>(value, tensor);
    case KserveType::int16:
      return append_integer<std::int16_t>(value, tensor);
    case KserveType::int32:
      return append_integer<std::int32_t>(value, tensor);
    case KserveType::int64:
      return append_integer<std::int64_t>(value, tensor);
    case KserveType::bytes:
      return append_text(value, tensor);
    default:
      return append_real(type, value, tensor);
  }
}

Json kserve_elements(KserveType type, std::string_view tensor) {
  Json elements = Json::array();
  std::size_t const bytes = kserve_element_bytes(type);
  for (; tensor.size() >= bytes && bytes > 0; tensor.remove_prefix(bytes))
    elements.push_back(element(type, tensor.substr(0, bytes)));
  return elements;
}

std::size_t read_kserve_length(std::string_view four_bytes) {
  return read<std::uint32_t>(four_bytes);
}

}  // namespace courier
