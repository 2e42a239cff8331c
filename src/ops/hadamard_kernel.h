// A Hadamard kernel is a row in a table, as a product's is (ops/kernel.h): the cheapest by
// prediction among those that reject nothing runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/hadamard/quantize.h"
#include "core/hadamard/size.h"
#include "halfbyte/hadamard.h"
#include "ops/device.h"

namespace halfbyte {

// Steps, in elements, of one operand: row r = (r / inner, r % inner), then along the row. A packed
// 4-bit y counts bytes.
struct HadamardStrides {
  std::int64_t outer = 0;
  std::int64_t inner = 0;
  std::int64_t element = 1;
};

// One checked call of hadamard(): plain data, what a kernel gets. Axes are merged where the strides
// of both operands allow it, so rows an equal step apart always have inner = 1.
struct HadamardProblem {
  const void* x = nullptr;
  void* y = nullptr;
  DType x_dtype = DType::f16;
  DType y_dtype = DType::f16;  // x_dtype where kind is none; u8 for int4
  core::CodeKind kind = core::CodeKind::none;
  HadamardStrides x_strides{};
  HadamardStrides y_strides{};
  std::int64_t outer = 0;
  std::int64_t inner = 1;
  std::int64_t n = 0;         // elements of a row
  core::HadamardSize size{};  // of a piece: divides n
  bool transpose = false;     // never set where H is symmetric
  bool fast = false;          // 16-bit intermediates are allowed
  bool in_place = false;
  float scale = 1;
  const std::int8_t* signs_before = nullptr;  // (n,) or null
  const std::int8_t* signs_after = nullptr;
  HadamardScaling scaling = HadamardScaling::given;
  std::int64_t group = 0;   // elements that share a scale: n for per_row, 0 for given or no codes
  float* scales = nullptr;  // [rows, n / group], or one given scale; null where kind is none
  float* amax = nullptr;    // or null: raised to max |value|, by the order of the bits
  Device device{};
  void* stream = nullptr;

  std::int64_t rows() const { return outer * inner; }
  std::int64_t pieces() const { return n / size.n(); }  // of a row
};

struct HadamardKernel {
  std::string_view name;  // "cuda/hadamard_in_registers"
  std::string_view description;
  DeviceType device;
  // Why this machine can never run it; empty when it can. A literal, as all reasons.
  std::string_view (*unavailable)(const DeviceInfo&);
  // Why it cannot run this problem; empty when it can. In a plan without memory x and y are null.
  std::string_view (*reject)(const HadamardProblem&, const DeviceInfo&);
  // Microseconds, for ranking.
  double (*predict)(const HadamardProblem&, const DeviceInfo&);
  // Scratch bytes that run() needs: exact.
  std::size_t (*workspace)(const HadamardProblem&, const DeviceInfo&);
  // Computes y. There is at least one element; `workspace` has any content.
  void (*run)(const HadamardProblem&, const DeviceInfo&, void* workspace);
};

}  // namespace halfbyte
