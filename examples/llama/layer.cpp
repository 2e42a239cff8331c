#include "llama/layer.h"

#include <algorithm>

#include "halfbyte/error.h"
#include "halfbyte/linear.h"
#include "halfbyte/numeric.h"

namespace llama {
namespace {

std::string describe(const std::vector<std::int64_t>& shape) {
  std::string text;
  for (const std::int64_t extent : shape) {
    text += (text.empty() ? "(" : ", ") + std::to_string(extent);
  }
  return text + ")";
}

void expect_shape(const halfbyte::Checkpoint& checkpoint, const std::string& name,
                  const std::vector<std::int64_t>& got, const std::vector<std::int64_t>& wanted) {
  if (got == wanted) return;
  throw halfbyte::Error(halfbyte::ErrorCode::format,
                        {.function = "llama",
                         .argument = name,
                         .got = "shape " + describe(got),
                         .wanted = "shape " + describe(wanted) + " by config.json",
                         .advice = "",
                         .path = checkpoint.folder().string(),
                         .offset = {}});
}

}  // namespace

halfbyte::HostTensor read_tensor(const halfbyte::Checkpoint& checkpoint, const std::string& name,
                                 const std::vector<std::int64_t>& shape) {
  halfbyte::HostTensor tensor = checkpoint.tensor(name);
  expect_shape(checkpoint, name, tensor.shape, shape);
  return tensor;
}

std::vector<float> widen(const halfbyte::HostTensor& tensor) {
  std::vector<float> values(tensor.bytes.size() / halfbyte::size_of(tensor.dtype));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(
        halfbyte::load_element(tensor.bytes.data(), tensor.dtype, static_cast<std::int64_t>(i)));
  }
  return values;
}

Layer::Layer(const halfbyte::Checkpoint& checkpoint, const std::string& name, std::int64_t k,
             std::int64_t n)
    : k_(k), n_(n) {
  const auto& layers = checkpoint.layers();
  const auto quantised = std::find_if(layers.begin(), layers.end(),
                                      [&](const auto& layer) { return layer.name == name; });
  if (quantised != layers.end()) {
    expect_shape(checkpoint, name, {quantised->k, quantised->n}, {k, n});
    packed_ = halfbyte::pack(checkpoint.load(name));
  } else {
    dense_ = make_dense(read_tensor(checkpoint, name + ".weight", {n, k}));
  }
  if (checkpoint.has_tensor(name + ".bias")) {
    bias_ = widen(read_tensor(checkpoint, name + ".bias", {n}));
  }
}

void Layer::apply(const float* x, std::int64_t m, float* y, halfbyte::Workspace& scratch) const {
  if (packed_.empty()) {
    multiply(x, m, dense_, y);
    for (std::int64_t i = 0; i < m && !bias_.empty(); ++i) {
      for (std::int64_t j = 0; j < n_; ++j) y[i * n_ + j] += bias_[static_cast<std::size_t>(j)];
    }
    return;
  }
  using halfbyte::TensorView;
  const auto xv = TensorView::matrix(x, halfbyte::DType::f32, m, k_);
  const auto yv = TensorView::matrix(y, halfbyte::DType::f32, m, n_);
  halfbyte::LinearOptions options;
  if (!bias_.empty()) options.bias = TensorView::vector(bias_.data(), halfbyte::DType::f32, n_);
  scratch.reserve(halfbyte::linear_workspace_size(xv, packed_, yv, options));
  options.workspace = scratch.data();
  options.workspace_bytes = scratch.size();
  halfbyte::linear(xv, packed_, yv, options);
}

}  // namespace llama
