// TensorView: a non-owning, strided view of memory on a device, shaped like a DLPack tensor.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace halfbyte {

enum class DType : std::uint8_t {
  f16,
  bf16,
  f32,
  f64,
  i8,
  u8,
  i16,
  i32,
  i64,
  e4m3,
  e5m2,
  e8m0,
  boolean
};

std::size_t size_of(DType dtype);
std::string_view name(DType dtype);  // "f16", "bf16", ...

enum class DeviceType : std::uint8_t { cpu, cuda };

struct Device {
  DeviceType type = DeviceType::cpu;
  int index = 0;
  friend bool operator==(const Device&, const Device&) = default;
};

// Shapes and strides count elements, outermost first. A view without data stands for "not given".
struct TensorView {
  static constexpr int max_rank = 4;

  void* data = nullptr;
  DType dtype = DType::f32;
  Device device{};
  int rank = 0;
  std::array<std::int64_t, max_rank> shape{};
  std::array<std::int64_t, max_rank> strides{};

  // (n,) with unit stride.
  static TensorView vector(const void* data, DType dtype, std::int64_t n, Device device = {});
  // (rows, cols), rows row_stride elements apart (default: cols), columns adjacent.
  static TensorView matrix(const void* data, DType dtype, std::int64_t rows, std::int64_t cols,
                           std::int64_t row_stride = -1, Device device = {});

  std::int64_t elements() const;
};

}  // namespace halfbyte
