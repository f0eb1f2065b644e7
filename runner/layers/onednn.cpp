#include "runner/layers/onednn.hpp"

#include <oneapi/dnnl/dnnl.hpp>

static_assert(DNNL_VERSION_MAJOR == 2, "oneDNN 3 describes primitives differently");

namespace runner::onednn {
namespace {

using dnnl::memory;

const dnnl::engine &engine() {
  static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

memory view(const at::Tensor &tensor) {
  const memory::desc desc(tensor.sizes().vec(), memory::data_type::f32, tensor.strides().vec());
  return {desc, engine(), tensor.data_ptr()};
}

void run(const dnnl::primitive &primitive, const std::unordered_map<int, memory> &arguments) {
  dnnl::stream stream(engine());
  primitive.execute(stream, arguments);
  stream.wait();
}

void activate(const at::Tensor &tensor, dnnl::algorithm algorithm, float parameter) {
  const auto values = view(tensor);
  const dnnl::eltwise_forward::desc desc(dnnl::prop_kind::forward_inference, algorithm,
                                         values.get_desc(), parameter, 0);
  run(dnnl::eltwise_forward({desc, engine()}), {{DNNL_ARG_SRC, values}, {DNNL_ARG_DST, values}});
}

}  // namespace

bool can_compute(const at::Tensor &tensor) {
  return tensor.is_cpu() && tensor.scalar_type() == at::kFloat;
}

// The descriptors are made anew for each call: oneDNN keeps the generated code in a cache of its
// own, and the few microseconds do not show beside the product.
at::Tensor linear(const at::Tensor &input, const at::Tensor &weight, const at::Tensor &bias) {
  auto shape = input.sizes().vec();
  shape.back() = weight.size(0);
  const auto rows = input.contiguous().view({-1, weight.size(1)});
  const auto result = at::empty({rows.size(0), weight.size(0)}, input.options());
  const auto source = view(rows), columns = view(weight.t()), product = view(result);
  std::unordered_map<int, memory> arguments = {
      {DNNL_ARG_SRC, source}, {DNNL_ARG_WEIGHTS, columns}, {DNNL_ARG_DST, product}};
  if (bias.defined()) {
    const auto added = view(bias.unsqueeze(0));
    arguments.emplace(DNNL_ARG_BIAS, added);
    run(dnnl::matmul({{source.get_desc(), columns.get_desc(), added.get_desc(), product.get_desc()},
                      engine()}),
        arguments);
  } else {
    run(dnnl::matmul({{source.get_desc(), columns.get_desc(), product.get_desc()}, engine()}),
        arguments);
  }
  return result.view(shape);
}

void multiply(const at::Tensor &a, const at::Tensor &b, const at::Tensor &out, float scale) {
  const auto left = view(a), right = view(b), product = view(out);
  dnnl::primitive_attr attributes;
  attributes.set_output_scales(0, {scale});
  run(dnnl::matmul({{left.get_desc(), right.get_desc(), product.get_desc()}, attributes, engine()}),
      {{DNNL_ARG_SRC, left}, {DNNL_ARG_WEIGHTS, right}, {DNNL_ARG_DST, product}});
}

void softmax(const at::Tensor &tensor) {
  const auto values = view(tensor);
  const dnnl::softmax_forward::desc desc(dnnl::prop_kind::forward_inference, values.get_desc(),
                                         static_cast<int>(tensor.dim()) - 1);
  run(dnnl::softmax_forward({desc, engine()}), {{DNNL_ARG_SRC, values}, {DNNL_ARG_DST, values}});
}

void gelu(const at::Tensor &tensor) { activate(tensor, dnnl::algorithm::eltwise_gelu_erf, 0); }

void swish(const at::Tensor &tensor, float slope) {
  activate(tensor, dnnl::algorithm::eltwise_swish, slope);
}

}  // namespace runner::onednn
