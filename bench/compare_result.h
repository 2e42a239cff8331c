// The one comparison of a result with its float64 reference: two gates, both computed from k, the
// number of splits and the types.
//
//  bound      |y - y64| <= u_out |y64| + eta_out + (1 + u_out) E A,
//             E = c_d u16 + (1.2 k + S + 4) 2^-24,  A = sum |x| |w| (+ |bias|)
//  rounding   |y - y64|_2 / |y64|_2 <= 2.2e-4 (f16), 1.75e-3 (bf16): the bound alone is wide enough
//             at large k to let 16-bit accumulation pass, this one is not.
//
// Few outputs may by chance round worse than these averages: a result whose error is that of the
// rounding of y64 itself, with 5 % for the sum's, is accepted too.
//
// Derivation and meaning of the terms: docs/accuracy.md.
#pragma once

#include <cstdint>
#include <string>

#include "halfbyte/tensor.h"

namespace halfbyte::bench {

struct Tolerance {
  std::int64_t k = 0;
  // Partial sums that meet in one output. Slices without work add exact zeros, so at most k count.
  std::int64_t splits = 1;
  // 1 where y64 was made from weights that were not rounded as the kernel rounds its own.
  double c_d = 0;
  DType weight_type = DType::f16;  // what c_d refers to: f16 or bf16
  // Off for data that is not zero-mean and random: cancelling sums have no meaningful |y64|.
  bool rounding_gate = true;
};

struct Verdict {
  bool ok = false;
  double max_err_over_bound = 0;  // +Inf where a NaN, an Inf or a missing one is wrong
  double rel_l2 = 0;              // over the elements that are finite in both
  std::int64_t first_bad = -1;    // row * n + column of the first element outside the bound
  std::string reason;             // empty when ok
};

// E of the bound.
double error_factor(const Tolerance& tolerance);
// The largest |y - y64| that is accepted for one element.
double error_bound(double y64, double a, DType out, const Tolerance& tolerance);
// The limit of the rounding gate.
double rounding_limit(DType out, const Tolerance& tolerance);

// y is (m, n) with any strides on the host; y64 and a are dense (m, n).
// NaN must stand where y64 has NaN, an Inf of the same sign where y64 has Inf or leaves the range
// of y's type, and nowhere else.
Verdict compare(const TensorView& y, const double* y64, const double* a,
                const Tolerance& tolerance);

}  // namespace halfbyte::bench
