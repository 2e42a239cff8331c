// The memory of one benchmark cell of hadamard() or rotary_hadamard(): copies of x and y that calls
// take in turn, tables of angles, and the check of a result against its definition.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "halfbyte/device_memory.h"
#include "halfbyte/rotary.h"

namespace halfbyte::bench {

struct HadamardCell {
  std::int64_t n, rows;
  DType dtype;
  std::string out;  // "same", "e4m3", "e5m2", "int8", "int4"
  bool in_place;
  std::int64_t heads = 0;  // not 0: rotary_hadamard() on rows / heads tokens
};

class HadamardBuffers {
 public:
  HadamardBuffers(const HadamardCell& cell, Device device, std::size_t rotate_bytes);

  std::int64_t turns() const { return turns_; }
  std::int64_t x_bytes() const { return x_bytes_; }
  std::int64_t y_bytes() const { return y_bytes_; }
  std::byte* x_data(std::int64_t turn) const { return base_ + turn % turns_ * x_step_; }
  std::byte* y_data(std::int64_t turn) const {
    return cell_.in_place ? x_data(turn) : base_ + turns_ * x_step_ + turn % turns_ * y_step_;
  }
  // (rows, n), or (tokens, heads, n).
  TensorView x(std::int64_t turn) const;
  TensorView y(std::int64_t turn) const;
  TensorView scale() const { return TensorView::vector(scale_.data(), DType::f32, 1, device_); }
  Rotary rotary() const;

  // The largest error of the first, middle and last row over its bound, after a call on turn 0;
  // 0 for codes.
  double error_over_bound() const;

 private:
  std::int64_t columns() const { return cell_.out == "int4" ? cell_.n / 2 : cell_.n; }
  TensorView view(void* data, DType dtype, std::int64_t columns) const;
  void fill_x();
  void make_tables();
  std::vector<double> row_of_x(std::int64_t row) const;

  HadamardCell cell_;
  Device device_;
  std::int64_t x_bytes_ = 0, y_bytes_ = 0, x_step_ = 0, y_step_ = 0, turns_ = 2;
  std::vector<std::byte> x_host_;
  std::vector<float> cos_host_, sin_host_;
  DeviceMemory memory_, scale_, cos_, sin_, positions_;
  std::byte* base_ = nullptr;
};

}  // namespace halfbyte::bench
