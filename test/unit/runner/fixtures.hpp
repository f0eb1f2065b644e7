// What the runner's tests share: where the model and the goldens are, tensors from golden files,
// error measures.
#pragma once

#include <ATen/ATen.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "runner/device/device.hpp"
#include "runner/models/pipeline.hpp"

namespace runner::test {

inline const std::filesystem::path source_root = ATELIER_SOURCE_DIR;
inline const auto model_folder = source_root / "models" / "tiny-sdxl";
inline const auto golden_folder = source_root / "test" / "golden";

// A safetensors file's floating-point tensors.
class Golden {
 public:
  explicit Golden(const std::filesystem::path &file) : file_(file) {}
  at::Tensor operator[](const std::string &name) const;
  std::vector<int64_t> integers(const std::string &name) const;

 private:
  const TensorEntry &entry(const std::string &name) const;
  SafetensorsFile file_;
};

// |a - b| / |b| over all elements.
double relative_error(const at::Tensor &actual, const at::Tensor &expected);

const Device &cpu();
// The shipped model, loaded once for all tests.
const Pipeline &pipeline();
const nlohmann::json &golden_index();
PictureRequest golden_request(const nlohmann::json &golden_case);

}  // namespace runner::test
