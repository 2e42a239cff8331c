#include "llama/layer.h"

#include <algorithm>
#include <bit>

#include "halfbyte/error.h"
#include "halfbyte/linear.h"
#include "halfbyte/numeric.h"
#include "llama/wide.h"

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
                         .path = checkpoint.folder().string()});
}

// halfbyte::f32_to_f16 for a whole array, in a form that compilers turn into vector code.
void round_to_f16(const float* from, std::size_t count, std::uint16_t* to) {
  run_wide([=]() __attribute__((always_inline)) {
    for (std::size_t i = 0; i < count; ++i) {
      const auto bits = std::bit_cast<std::uint32_t>(from[i]);
      const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
      // 1/2 + |x| has the spacing of f16's subnormals: the sum rounds x to them.
      const std::uint32_t small =
          std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude) + 0.5F) - 0x3F000000U;
      // The exponent's bias falls from 127 to 15; half of the last place, less one bit where the
      // result is even, carries upwards.
      const std::uint32_t normal =
          (magnitude - (112U << 23) + 0xFFFU + ((magnitude >> 13) & 1U)) >> 13;
      const std::uint32_t large = magnitude > 0x7F800000U ? 0x7E00U : 0x7C00U;  // NaN, infinity
      const std::uint32_t rounded = magnitude < 0x38800000U    ? small
                                    : magnitude >= 0x47800000U ? large
                                                               : normal;
      to[i] = static_cast<std::uint16_t>(((bits >> 16) & 0x8000U) | rounded);
    }
  });
}

// Grows the memory to at least `bytes`.
void reserve(halfbyte::DeviceMemory& memory, halfbyte::Device device, std::size_t bytes) {
  if (memory.size() < bytes) memory = halfbyte::DeviceMemory(device, bytes);
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
             std::int64_t n, halfbyte::Device device)
    : k_(k), n_(n) {
  const auto& layers = checkpoint.layers();
  const auto quantised = std::find_if(layers.begin(), layers.end(),
                                      [&](const auto& layer) { return layer.name == name; });
  if (quantised != layers.end()) {
    expect_shape(checkpoint, name, {quantised->k, quantised->n}, {k, n});
    packed_ = halfbyte::pack(checkpoint.load(name), device);
  } else {
    dense_ = make_dense(read_tensor(checkpoint, name + ".weight", {n, k}));
  }
  if (checkpoint.has_tensor(name + ".bias")) {
    bias_ = widen(read_tensor(checkpoint, name + ".bias", {n}));
    const std::size_t bytes = bias_.size() * sizeof(float);
    bias_memory_ = halfbyte::DeviceMemory(device, bytes);
    halfbyte::copy_memory(bias_memory_.data(), device, bias_.data(), {}, bytes);
  }
}

void Layer::apply(const float* x, std::int64_t m, float* y, Scratch& scratch) const {
  if (packed_.empty()) {
    multiply(x, m, dense_, y);
    for (std::int64_t i = 0; i < m && !bias_.empty(); ++i) {
      for (std::int64_t j = 0; j < n_; ++j) y[i * n_ + j] += bias_[static_cast<std::size_t>(j)];
    }
    return;
  }
  using halfbyte::DType;
  using halfbyte::TensorView;
  const halfbyte::Device device = packed_.device();
  scratch.x.resize(static_cast<std::size_t>(m * k_));
  round_to_f16(x, scratch.x.size(), scratch.x.data());
  const std::size_t x_bytes = scratch.x.size() * sizeof(std::uint16_t);
  const std::size_t y_bytes = static_cast<std::size_t>(m * n_) * sizeof(float);
  reserve(scratch.x_memory, device, x_bytes);
  reserve(scratch.y_memory, device, y_bytes);
  halfbyte::copy_memory(scratch.x_memory.data(), device, scratch.x.data(), {}, x_bytes);
  const auto xv = TensorView::matrix(scratch.x_memory.data(), DType::f16, m, k_, -1, device);
  const auto yv = TensorView::matrix(scratch.y_memory.data(), DType::f32, m, n_, -1, device);
  halfbyte::LinearOptions options;
  if (!bias_.empty()) {
    options.bias = TensorView::vector(bias_memory_.data(), DType::f32, n_, device);
  }
  reserve(scratch.workspace, device, halfbyte::linear_workspace_size(xv, packed_, yv, options));
  options.workspace = scratch.workspace.data();
  options.workspace_bytes = scratch.workspace.size();
  halfbyte::linear(xv, packed_, yv, options);
  halfbyte::copy_memory(y, {}, scratch.y_memory.data(), device, y_bytes);
}

}  // namespace llama
