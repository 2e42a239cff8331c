#include "bench/hadamard_buffers.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "bench/device_copy.h"
#include "core/hadamard/signs.h"
#include "halfbyte/numeric.h"

namespace halfbyte::bench {
namespace {

constexpr std::int64_t page = 4096;  // what copy_bytes() wants
// Of small calls fewer bytes turn than asked for, for a graph of more takes longer to make than to
// time; `rotated_bytes` says how many.
constexpr std::int64_t most_turns_on_a_gpu = 2048;
constexpr std::int64_t table_rows = 4096;  // token t is at position t % 4096

DType out_type(const HadamardCell& cell) {
  if (cell.out == "e4m3") return DType::e4m3;
  if (cell.out == "e5m2") return DType::e5m2;
  if (cell.out == "int8") return DType::i8;
  return cell.out == "int4" ? DType::u8 : cell.dtype;
}

std::int64_t pages(std::int64_t bytes) { return (bytes + page - 1) / page * page; }

}  // namespace

HadamardBuffers::HadamardBuffers(const HadamardCell& cell, Device device, std::size_t rotate_bytes)
    : cell_(cell), device_(device) {
  x_bytes_ = cell.rows * cell.n * static_cast<std::int64_t>(size_of(cell.dtype));
  y_bytes_ = cell.rows * columns() * static_cast<std::int64_t>(size_of(out_type(cell)));
  x_step_ = pages(x_bytes_);
  y_step_ = pages(y_bytes_);
  const std::int64_t a_turn = x_step_ + (cell.in_place ? 0 : y_step_);
  turns_ = (static_cast<std::int64_t>(rotate_bytes) + a_turn - 1) / a_turn;
  if (device.type == DeviceType::cuda) turns_ = std::min(turns_, most_turns_on_a_gpu);
  turns_ = std::max<std::int64_t>(2, turns_);
  memory_ = DeviceMemory(device, static_cast<std::size_t>(turns_ * a_turn + page));
  const auto address = reinterpret_cast<std::uintptr_t>(memory_.data());
  base_ = static_cast<std::byte*>(memory_.data()) + (page - address % page) % page;
  fill_x();
  const float scale = 0.02F;
  scale_ = copy_to(device, std::as_bytes(std::span(&scale, 1)));
  if (cell.heads > 0) make_tables();
}

void HadamardBuffers::fill_x() {
  x_host_.resize(static_cast<std::size_t>(x_bytes_));
  std::uint64_t state = 1;  // uniform in -1 ... 1: the values cost a kernel nothing
  for (std::int64_t i = 0; i < cell_.rows * cell_.n; ++i) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    store_element(x_host_.data(), cell_.dtype, i, static_cast<double>(state >> 40) * 0x1p-23 - 1.0);
  }
  for (std::int64_t t = 0; t < turns_; ++t) {
    copy_memory(x_data(t), device_, x_host_.data(), {}, x_host_.size());
  }
}

void HadamardBuffers::make_tables() {
  const std::int64_t pairs = cell_.n / 2;
  for (std::int64_t i = 0; i < table_rows * pairs; ++i) {
    const double angle =
        static_cast<double>(i / pairs) *
        std::pow(1e4, -static_cast<double>(i % pairs) / static_cast<double>(pairs));
    cos_host_.push_back(static_cast<float>(std::cos(angle)));
    sin_host_.push_back(static_cast<float>(std::sin(angle)));
  }
  std::vector<std::int32_t> positions;
  for (std::int64_t t = 0; t < cell_.rows / cell_.heads; ++t) {
    positions.push_back(static_cast<std::int32_t>(t % table_rows));
  }
  cos_ = copy_to(device_, std::as_bytes(std::span(cos_host_)));
  sin_ = copy_to(device_, std::as_bytes(std::span(sin_host_)));
  positions_ = copy_to(device_, std::as_bytes(std::span(positions)));
}

TensorView HadamardBuffers::view(void* data, DType dtype, std::int64_t columns) const {
  TensorView v = TensorView::matrix(data, dtype, cell_.rows, columns, -1, device_);
  if (cell_.heads == 0) return v;
  v.rank = 3;
  v.shape = {cell_.rows / cell_.heads, cell_.heads, columns, 0};
  v.strides = {cell_.heads * columns, columns, 1, 0};
  return v;
}

TensorView HadamardBuffers::x(std::int64_t turn) const {
  return view(x_data(turn), cell_.dtype, cell_.n);
}
TensorView HadamardBuffers::y(std::int64_t turn) const {
  return view(y_data(turn), out_type(cell_), columns());
}

Rotary HadamardBuffers::rotary() const {
  const auto table = [&](const DeviceMemory& memory) {
    return TensorView::matrix(memory.data(), DType::f32, table_rows, cell_.n / 2, -1, device_);
  };
  return {.cos = table(cos_),
          .sin = table(sin_),
          .positions =
              TensorView::vector(positions_.data(), DType::i32, cell_.rows / cell_.heads, device_)};
}

// As the transform gets it: rotated.
std::vector<double> HadamardBuffers::row_of_x(std::int64_t row) const {
  std::vector<double> x(static_cast<std::size_t>(cell_.n));
  for (std::int64_t i = 0; i < cell_.n; ++i) {
    x[static_cast<std::size_t>(i)] = load_element(x_host_.data(), cell_.dtype, row * cell_.n + i);
  }
  if (cell_.heads == 0) return x;
  const auto pairs = static_cast<std::size_t>(cell_.n / 2);
  const auto first = static_cast<std::size_t>(row / cell_.heads % table_rows) * pairs;
  for (std::size_t i = 0; i < pairs; ++i) {
    const double a = x[i], b = x[pairs + i], cos = cos_host_[first + i], sin = sin_host_[first + i];
    x[i] = a * cos - b * sin;
    x[pairs + i] = a * sin + b * cos;
  }
  return x;
}

double HadamardBuffers::error_over_bound() const {
  if (cell_.out != "same") return 0;
  const core::HadamardSize size = core::hadamard_size(cell_.n);
  std::vector<std::byte> got(static_cast<std::size_t>(y_bytes_));
  copy_memory(got.data(), {}, y_data(0), device_, got.size());
  const double scale = 1 / std::sqrt(static_cast<double>(cell_.n));
  const double unit = cell_.dtype == DType::f16    ? 0x1p-11
                      : cell_.dtype == DType::bf16 ? 0x1p-8
                                                   : 0x1p-24;
  const double tiny = cell_.dtype == DType::f16 ? 0x1p-25 : 0x1p-134;
  const double additions = size.p + size.q / 4 + (cell_.heads == 0 ? 8 : 11);
  double worst = 0;
  for (const std::int64_t row : {std::int64_t{0}, cell_.rows / 2, cell_.rows - 1}) {
    const std::vector<double> x = row_of_x(row);
    double magnitude = 0;
    for (const double value : x) magnitude += std::fabs(value);
    // Every 61st output from the definition: n^2 / 61 additions a row.
    for (std::int64_t i = row % 61; i < cell_.n; i += std::min<std::int64_t>(61, cell_.n)) {
      double sum = 0;
      for (std::int64_t j = 0; j < cell_.n; ++j) {
        sum += core::hadamard_entry(size, i, j) * x[static_cast<std::size_t>(j)];
      }
      const double bound =
          unit * std::fabs(scale * sum) + tiny + additions * 0x1p-23 * scale * magnitude;
      const double error =
          std::fabs(load_element(got.data(), cell_.dtype, row * cell_.n + i) - scale * sum);
      if (!(error / bound <= worst)) worst = error / bound;  // NaN stays
    }
  }
  return worst;
}

}  // namespace halfbyte::bench
