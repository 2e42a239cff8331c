// Every kernel and schedule against float64, through both gates of bench/compare_result.h.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <random>

#include "bench/compare_result.h"
#include "bench/oracle.h"
#include "halfbyte/numeric.h"
#include "tests/support/run_linear.h"
#include "tests/support/weights.h"

namespace halfbyte {
namespace {

using test::Call;
using test::WeightCase;

enum class Family { normal, outliers, wide_range, cancelling, one_signed, denormal, lone_outlier };
constexpr Family families[] = {Family::normal,      Family::outliers,   Family::wide_range,
                               Family::cancelling,  Family::one_signed, Family::denormal,
                               Family::lone_outlier};

double draw(Family family, std::mt19937_64& bits, std::int64_t i, std::int64_t k) {
  std::normal_distribution<double> normal;
  const double value = normal(bits);
  switch (family) {
    case Family::normal:
      return value;
    case Family::outliers:
      return bits() % 100 == 0 ? 30 * value : value;
    case Family::wide_range:
      return std::ldexp(value, static_cast<int>(bits() % 28) - 14);
    case Family::cancelling:
      return i < k / 2 ? 1000 + value : -1000 + value;
    case Family::one_signed:
      return std::fabs(value);
    case Family::denormal:
      return value * 1e-6;
    case Family::lone_outlier:
      return i % 128 == 5 ? 30000 : 1e-3 * value;
  }
  return 0;
}

struct Worst {
  double error_over_bound = 0;
  int cases = 0;
};

void check(const WeightCase& c, Family family, std::int64_t m, DType in, DType out, bool with_bias,
           Worst& worst) {
  const QuantizedWeight weight = test::make_weight(c, 17 + static_cast<std::uint64_t>(c.n));
  const PackedWeight packed = pack(weight);
  std::mt19937_64 bits(23 + static_cast<std::uint64_t>(m));
  std::vector<std::byte> x(static_cast<std::size_t>(m * c.k) * size_of(in));
  for (std::int64_t i = 0; i < m * c.k; ++i) {
    store_element(x.data(), in, i, draw(family, bits, i % c.k, c.k));
  }
  std::vector<std::byte> b(static_cast<std::size_t>(c.n) * size_of(in));
  for (std::int64_t i = 0; i < c.n; ++i)
    store_element(b.data(), in, i, draw(Family::normal, bits, i, c.k));
  const auto bias = with_bias ? TensorView::vector(b.data(), in, c.n) : TensorView{};
  const auto view = TensorView::matrix(x.data(), in, m, c.k);
  const bench::Oracle oracle = bench::make_oracle(weight, view, WeightRounding::exact, bias);
  for (const Call& call : test::calls_for(view, packed, TensorView::matrix(nullptr, out, m, c.n))) {
    auto y = test::run(view, packed, out, call, bias);
    const auto verdict = bench::compare(
        TensorView::matrix(y.data(), out, m, c.n), oracle.y64.data(), oracle.a.data(),
        {.k = c.k,
         .splits = call.split,
         // A handful of outputs, or none that is not cancelled away, has no typical rounding.
         .rounding_gate = family == Family::normal && m * c.n >= 4000 && c.k >= 64});
    worst.error_over_bound = std::max(worst.error_over_bound, verdict.max_err_over_bound);
    ++worst.cases;
    ASSERT_TRUE(verdict.ok) << to_string(c) << " family " << static_cast<int>(family) << " m=" << m
                            << " " << to_string(call) << ": " << verdict.reason << " error/bound "
                            << verdict.max_err_over_bound << " rel_l2 " << verdict.rel_l2;
  }
}

TEST(LinearOracle, StaysInsideTheBound) {
  Worst worst;
  for (const WeightCase& c : test::weight_cases()) {
    for (const Family family : families) {
      for (const std::int64_t m : {1, 4, 11}) {
        check(c, family, m, DType::f16, DType::f16, m == 4, worst);
        check(c, family, m, DType::bf16, DType::bf16, m == 4, worst);
        if (family == Family::normal || family == Family::one_signed) {
          check(c, family, m, DType::f32, DType::f32, m == 4, worst);
          check(c, family, m, DType::bf16, DType::f32, false, worst);
        }
        if (HasFatalFailure()) return;
      }
    }
  }
  std::printf("%d cases, largest error / bound %.3f\n", worst.cases, worst.error_over_bound);
  RecordProperty("cases", worst.cases);
  EXPECT_GT(worst.cases, 3000);
}

TEST(LinearOracle, StaysInsideTheBoundAtLayerSize) {
  Worst worst;
  for (const std::int64_t m : {1, 6, 17, 200}) {
    check({.k = 4096, .n = 272}, Family::normal, m, DType::f16, DType::f16, false, worst);
    check({.k = 2048, .n = 160, .group = 64, .zero = ZeroKind::integer}, Family::outliers, m,
          DType::f16, DType::f16, true, worst);
    if (HasFatalFailure()) return;
  }
  std::printf("%d cases, largest error / bound %.3f\n", worst.cases, worst.error_over_bound);
}

}  // namespace
}  // namespace halfbyte
