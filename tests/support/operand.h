// A matrix on the host, for the reference, and the same on a device, for the call.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "halfbyte/device_memory.h"
#include "halfbyte/numeric.h"
#include "halfbyte/tensor.h"

namespace halfbyte::test {

class Operand {
 public:
  // Rows `stride` elements apart, by default side by side; NaN between them.
  // draw(row, column) is called row by row.
  template <class Draw>
  Operand(Device device, DType dtype, std::int64_t rows, std::int64_t columns, const Draw& draw,
          std::int64_t stride = -1)
      : dtype_(dtype), rows_(rows), columns_(columns), stride_(stride < 0 ? columns : stride) {
    bytes_.assign(static_cast<std::size_t>(rows * stride_) * size_of(dtype), std::byte{0xFF});
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t c = 0; c < columns; ++c) {
        store_element(bytes_.data(), dtype, r * stride_ + c, draw(r, c));
      }
    }
    memory_ = DeviceMemory(device, bytes_.size());
    upload();
  }

  TensorView host() const {
    return TensorView::matrix(bytes_.data(), dtype_, rows_, columns_, stride_);
  }
  TensorView view() const {
    return TensorView::matrix(memory_.data(), dtype_, rows_, columns_, stride_, memory_.device());
  }
  // The first row, as a bias is given.
  TensorView host_row() const { return TensorView::vector(bytes_.data(), dtype_, columns_); }
  TensorView row() const {
    return TensorView::vector(memory_.data(), dtype_, columns_, memory_.device());
  }

  void set(std::int64_t row, std::int64_t column, double value) {
    store_element(bytes_.data(), dtype_, row * stride_ + column, value);
  }
  // What set() changed, brought to the device.
  void upload() { copy_memory(memory_.data(), memory_.device(), bytes_.data(), {}, bytes_.size()); }
  const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  DType dtype_;
  std::int64_t rows_, columns_, stride_;
  std::vector<std::byte> bytes_;
  DeviceMemory memory_;
};

// Normal with mean 0 and variance 1.
inline Operand random_operand(Device device, DType dtype, std::int64_t rows, std::int64_t columns,
                              std::uint64_t seed = 1, std::int64_t stride = -1) {
  std::mt19937_64 bits(seed);
  std::normal_distribution<double> normal;
  return {device, dtype, rows, columns, [&](std::int64_t, std::int64_t) { return normal(bits); },
          stride};
}

}  // namespace halfbyte::test
