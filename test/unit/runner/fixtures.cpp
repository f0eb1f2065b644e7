#include "fixtures.hpp"

#include <cstring>

#include "runner/checkpoint/config.hpp"

namespace runner::test {

const TensorEntry &Golden::entry(const std::string &name) const { return file_.tensors().at(name); }

at::Tensor Golden::operator[](const std::string &name) const {
  const auto &stored = entry(name);
  if (stored.type != TensorType::f32) throw CheckpointError(name + " is not float32");
  auto tensor = at::empty(stored.shape, at::kFloat);
  std::memcpy(tensor.data_ptr(), stored.bytes.data(), stored.bytes.size());
  return tensor;
}

std::vector<int64_t> Golden::integers(const std::string &name) const {
  const auto &stored = entry(name);
  std::vector<int64_t> values(stored.bytes.size() / sizeof(int64_t));
  std::memcpy(values.data(), stored.bytes.data(), stored.bytes.size());
  return values;
}

double relative_error(const at::Tensor &actual, const at::Tensor &expected) {
  if (actual.sizes() != expected.sizes()) return INFINITY;
  const auto difference = (actual - expected).to(at::kDouble).norm();
  return (difference / expected.to(at::kDouble).norm()).item<double>();
}

const Device &cpu() {
  static const auto device = [] {
    auto opened = open_device({"cpu", 1});
    opened->enter_thread();
    return opened;
  }();
  return *device;
}

const Pipeline &pipeline() {
  static const Pipeline loaded(model_folder, "", cpu());
  return loaded;
}

const nlohmann::json &golden_index() {
  static const auto index = load_json(golden_folder / "goldens.json");
  return index;
}

PictureRequest golden_request(const nlohmann::json &golden_case) {
  PictureRequest request;
  request.prompt = golden_case.at("prompt");
  if (!golden_case.at("negative_prompt").is_null()) {
    request.negative_prompt = golden_case.at("negative_prompt").get<std::string>();
  }
  request.width = golden_case.at("width");
  request.height = golden_case.at("height");
  request.steps = golden_case.at("steps");
  request.guidance = golden_case.at("guidance_scale");
  request.seed = golden_case.at("seed");
  return request;
}

}  // namespace runner::test
