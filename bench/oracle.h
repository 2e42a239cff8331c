// The float64 reference of y = x W (+ bias), made once for a weight and the rows of x and shared by
// every kernel, schedule and m: row i of the result does not depend on the other rows.
#pragma once

#include <cstdint>
#include <vector>

#include "halfbyte/linear.h"
#include "halfbyte/tensor.h"
#include "halfbyte/weight.h"

namespace halfbyte::bench {

struct Oracle {
  std::int64_t m = 0;
  std::int64_t n = 0;
  std::vector<double> y64;  // (m, n)
  std::vector<double> a;    // (m, n): sum |x| |w| (+ |bias|), which errors are measured against
};

// x is (m, k) on the host in f16, bf16 or f32 with any strides; bias (n,) or not given.
// WeightRounding::rounded16 rounds each weight to x's type, and to nothing when x is f32.
Oracle make_oracle(const QuantizedWeight& weight, const TensorView& x,
                   WeightRounding rounding = WeightRounding::exact, const TensorView& bias = {});

}  // namespace halfbyte::bench
