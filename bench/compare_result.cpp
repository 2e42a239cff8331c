#include "bench/compare_result.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "halfbyte/error.h"
#include "halfbyte/numeric.h"

namespace halfbyte::bench {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

struct OutputType {
  double unit;      // half the distance from 1 to the next number
  double eta;       // half the smallest subnormal
  double overflow;  // the smallest magnitude that rounds to Inf
  double product;   // what a product below the range of 32-bit sums may lose
};

OutputType output_type(DType out) {
  const double lost = std::ldexp(1.0, -149);
  switch (out) {
    case DType::f16:
      return {std::ldexp(1.0, -11), std::ldexp(1.0, -25), 65520.0, 0};
    case DType::bf16:
      return {std::ldexp(1.0, -8), std::ldexp(1.0, -134), std::ldexp(511.0, 119), lost};
    case DType::f32:
      return {std::ldexp(1.0, -24), std::ldexp(1.0, -150), std::ldexp(33554431.0, 103), lost};
    default:
      throw Error(ErrorCode::dtype, {.function = "compare",
                                     .argument = "y",
                                     .got = std::string(name(out)),
                                     .wanted = "f16, bf16 or f32"});
  }
}

// What one element adds to the verdict: its error over the bound, +Inf when it is plainly wrong.
double error_over_bound(double y, double y64, double a, const OutputType& out, double e) {
  if (std::isnan(y64)) return std::isnan(y) ? 0 : infinity;
  if (std::isinf(y64)) return y == y64 ? 0 : infinity;
  const double sum_error = e * a;
  if (std::isinf(y)) {
    const bool may_overflow = std::abs(y64) + sum_error >= out.overflow;
    return may_overflow && std::signbit(y) == std::signbit(y64) ? 0 : infinity;
  }
  const double bound = out.unit * std::abs(y64) + out.eta + (1 + out.unit) * sum_error;
  const double ratio = std::abs(y - y64) / bound;
  return ratio >= 0 ? ratio : infinity;  // NaN in y, or in a bound that should have been finite
}

double rounded(double v, DType type) {
  if (type == DType::f16) return f16_to_f32(f64_to_f16(v));
  if (type == DType::bf16) return bf16_to_f32(f64_to_bf16(v));
  return static_cast<float>(v);
}

// The relative L2 error that correct rounding to y's type alone makes of these y64.
double rounding_error(const double* y64, std::int64_t count, DType type) {
  double error_squares = 0, value_squares = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const double error = rounded(y64[i], type) - y64[i];
    if (!std::isfinite(error)) continue;
    error_squares += error * error;
    value_squares += y64[i] * y64[i];
  }
  return value_squares > 0 ? std::sqrt(error_squares / value_squares) : 0;
}

}  // namespace

double error_factor(const Tolerance& t) {
  const double u16 = t.weight_type == DType::bf16 ? std::ldexp(1.0, -8) : std::ldexp(1.0, -11);
  const auto k = static_cast<double>(t.k);
  const auto splits = static_cast<double>(std::min(t.splits, std::max<std::int64_t>(t.k, 1)));
  return t.c_d * u16 + (1.2 * k + splits + 4) * std::ldexp(1.0, -24);
}

double error_bound(double y64, double a, DType out, const Tolerance& t) {
  const OutputType type = output_type(out);
  return type.unit * std::abs(y64) + type.eta + static_cast<double>(t.k) * type.product +
         (1 + type.unit) * error_factor(t) * a;
}

double rounding_limit(DType out, const Tolerance& t) {
  if (out == DType::f16) return 2.2e-4;
  if (out == DType::bf16) return 1.75e-3;
  // A 32-bit output shows the sum itself: one truncation for each 16 products, one per partial sum.
  return (static_cast<double>(t.k) / 16 + 16 + static_cast<double>(std::min(t.splits, t.k))) *
         std::ldexp(1.0, -24);
}

Verdict compare(const TensorView& y, const double* y64, const double* a, const Tolerance& t) {
  OutputType out = output_type(y.dtype);
  out.eta += static_cast<double>(t.k) * out.product;
  const double e = error_factor(t);
  const std::int64_t m = y.shape[0], n = y.shape[1];

  Verdict verdict;
  double error_squares = 0, value_squares = 0;
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      const std::int64_t at = i * n + j;
      const double got = load_element(y.data, y.dtype, i * y.strides[0] + j * y.strides[1]);
      const double ratio = error_over_bound(got, y64[at], a[at], out, e);
      verdict.max_err_over_bound = std::max(verdict.max_err_over_bound, ratio);
      if (!(ratio <= 1) && verdict.first_bad < 0) verdict.first_bad = at;
      if (std::isfinite(got) && std::isfinite(y64[at])) {
        error_squares += (got - y64[at]) * (got - y64[at]);
        value_squares += y64[at] * y64[at];
      }
    }
  }
  if (error_squares > 0) {
    verdict.rel_l2 = value_squares > 0 ? std::sqrt(error_squares / value_squares) : infinity;
  }

  const double limit = rounding_limit(y.dtype, t);
  if (!(verdict.max_err_over_bound <= 1)) {
    verdict.reason = "element " + std::to_string(verdict.first_bad) + " is outside the bound";
  } else if (t.rounding_gate && !(verdict.rel_l2 <= limit) &&
             !(verdict.rel_l2 <= 1.05 * rounding_error(y64, m * n, y.dtype))) {
    char text[96];
    std::snprintf(text, sizeof text, "relative L2 error %.3g is above %.3g", verdict.rel_l2, limit);
    verdict.reason = text;
  }
  verdict.ok = verdict.reason.empty();
  return verdict;
}

}  // namespace halfbyte::bench
