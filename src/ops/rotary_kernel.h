// A kernel of rotary_hadamard() is a row in a table, as one of hadamard() is.
#pragma once

#include "halfbyte/rotary.h"
#include "ops/hadamard_kernel.h"

namespace halfbyte {

// One checked call of rotary_hadamard(): plain data, what a kernel gets.
struct RotaryProblem {
  // The call of hadamard() on rotated heads. Rows are (token, head) = (outer, inner), never merged.
  HadamardProblem heads{};
  const float* cos = nullptr;  // row p, column i at p * step + i
  const float* sin = nullptr;
  std::int64_t cos_step = 0, sin_step = 0;
  std::int64_t table_rows = 0;
  const void* positions = nullptr;  // null: token t is at position t
  bool positions_are_i64 = false;
  std::int64_t positions_step = 1;
  std::int64_t rotary_dim = 0;
  RotaryPairs pairs = RotaryPairs::halves;
};

struct RotaryKernel {
  std::string_view name;  // "cuda/rotary_hadamard"
  std::string_view description;
  DeviceType device;
  std::string_view (*unavailable)(const DeviceInfo&);
  std::string_view (*reject)(const RotaryProblem&, const DeviceInfo&);
  double (*predict)(const RotaryProblem&, const DeviceInfo&);  // microseconds, for ranking
  // Computes y. There is at least one element.
  void (*run)(const RotaryProblem&, const DeviceInfo&);
};

}  // namespace halfbyte
