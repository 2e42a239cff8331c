// The comparison must be able to fail: it is given a right answer first and then every kind of
// wrong one, an accumulation in 16 bits among them.
#include "bench/compare_result.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "bench/oracle.h"
#include "halfbyte/numeric.h"

namespace halfbyte::bench {
namespace {

constexpr std::int64_t m = 3, n = 64;
constexpr double infinity = std::numeric_limits<double>::infinity();

struct Problem {
  QuantizedWeight w;
  std::vector<std::uint16_t> x;  // (m, k) f16
  std::vector<std::uint16_t> y;  // (m, n) f16, correctly rounded
  Oracle oracle;
  std::int64_t k = 0;

  explicit Problem(std::int64_t depth) : k(depth) {
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    w.k = k;
    w.n = n;
    w.group_size = 32;
    w.groups = k / 32;
    w.codes.resize(static_cast<std::size_t>(n * w.code_bytes_per_column()));
    for (auto& byte : w.codes) byte = static_cast<std::uint8_t>(random());
    // -8 ... 7 around 0 with half steps in the float zero, so that sums are zero-mean.
    w.zero_kind = ZeroKind::real;
    const auto cells = static_cast<std::size_t>(w.groups * n);
    w.scales.resize(cells * 2);
    w.offsets.resize(cells * 2);
    for (std::size_t i = 0; i < cells; ++i) {
      store_element(w.scales.data(), DType::f16, static_cast<std::int64_t>(i), 0.01);
      store_element(w.offsets.data(), DType::f16, static_cast<std::int64_t>(i), 7.5);
    }
    for (std::int64_t i = 0; i < m * k; ++i) x.push_back(f32_to_f16(normal(random)));
    oracle = make_oracle(w, TensorView::matrix(x.data(), DType::f16, m, k));
    for (const double v : oracle.y64) y.push_back(f64_to_f16(v));
  }
  Verdict judge(Tolerance t = {}) const {
    t.k = k;
    return compare(TensorView::matrix(y.data(), DType::f16, m, n), oracle.y64.data(),
                   oracle.a.data(), t);
  }
};

TEST(Oracle, IsTheDefinition) {
  const Problem p(288);
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      double sum = 0, size = 0;
      for (std::int64_t k = 0; k < p.k; ++k) {
        const double x = f16_to_f32(p.x[static_cast<std::size_t>(i * p.k + k)]);
        sum += x * p.w.value(k, j);
        size += std::abs(x * p.w.value(k, j));
      }
      EXPECT_NEAR(p.oracle.y64[static_cast<std::size_t>(i * n + j)], sum, 1e-13 * size);
      EXPECT_NEAR(p.oracle.a[static_cast<std::size_t>(i * n + j)], size, 1e-13 * size);
    }
  }
}

TEST(Oracle, FollowsGroupIndexBiasAndRounding) {
  Problem p(64);
  p.w.g_idx.resize(64);
  for (std::size_t k = 0; k < 64; ++k) p.w.g_idx[k] = static_cast<std::int32_t>(k % 2);
  store_element(p.w.scales.data(), DType::f16, 0, 0.3);  // group 0, column 0
  const std::vector<float> bias(n, 2.5f);
  const auto x = TensorView::matrix(p.x.data(), DType::f16, m, 64);
  const Oracle got = make_oracle(p.w, x, WeightRounding::rounded16,
                                 TensorView::vector(bias.data(), DType::f32, n));
  double sum = 2.5, size = 2.5;
  for (std::int64_t k = 0; k < 64; ++k) {
    const double w = f16_to_f32(f64_to_f16(p.w.value(k, 0)));
    sum += f16_to_f32(p.x[static_cast<std::size_t>(k)]) * w;
    size += std::abs(f16_to_f32(p.x[static_cast<std::size_t>(k)]) * w);
  }
  EXPECT_NEAR(got.y64[0], sum, 1e-13 * size);
  EXPECT_NEAR(got.a[0], size, 1e-13 * size);
}

TEST(Compare, AcceptsTheRoundedReference) {
  const Verdict v = Problem(4096).judge();
  EXPECT_TRUE(v.ok) << v.reason;
  EXPECT_EQ(v.first_bad, -1);
  EXPECT_GT(v.rel_l2, 5e-5);  // one rounding to f16 is seen
  EXPECT_LT(v.rel_l2, 2.2e-4);
}

TEST(Compare, AcceptsFewOutputsThatRoundBadly) {
  // One output of 1 + 2^-11 rounds with an error above the average that the gate is set to.
  const double y64 = 1 + std::ldexp(0.99, -11), a = 1;
  std::uint16_t y = f64_to_f16(y64);
  const auto judge = [&] {
    return compare(TensorView::matrix(&y, DType::f16, 1, 1), &y64, &a, {.k = 64});
  };
  EXPECT_GT(judge().rel_l2, rounding_limit(DType::f16, {.k = 64}));
  EXPECT_TRUE(judge().ok) << judge().reason;
  y += 1;  // the other neighbour is hardly further away, but not where y64 rounds to
  EXPECT_TRUE(judge().ok);
  y += 1;
  EXPECT_FALSE(judge().ok);
}

TEST(Compare, RejectsOneWrongElement) {
  Problem p(4096);
  p.y[100] = f32_to_f16(f16_to_f32(p.y[100]) + 1);
  const Verdict v = p.judge();
  EXPECT_FALSE(v.ok);
  EXPECT_EQ(v.first_bad, 100);
}

TEST(Compare, RejectsAFlippedSign) {
  Problem p(4096);
  p.y[5] ^= 0x8000;
  EXPECT_FALSE(p.judge().ok);
  EXPECT_EQ(p.judge().first_bad, 5);
}

TEST(Compare, RejectsNaNAndInf) {
  for (const std::uint16_t bits : {0x7e00, 0xfe00, 0x7c00, 0xfc00, 0x7c01}) {
    Problem p(128);
    p.y[17] = bits;
    const Verdict v = p.judge();
    EXPECT_FALSE(v.ok) << bits;
    EXPECT_EQ(v.first_bad, 17);
    EXPECT_EQ(v.max_err_over_bound, infinity);
    EXPECT_FALSE(p.judge({.rounding_gate = false}).ok);
  }
}

TEST(Compare, DemandsNaNAndInfWhereTheReferenceHasThem) {
  Problem p(128);
  p.oracle.y64[1] = std::nan("");
  p.oracle.y64[2] = -infinity;
  p.oracle.y64[3] = 70000;  // beyond f16
  EXPECT_FALSE(p.judge().ok);
  p.y[1] = 0xfe00;
  p.y[2] = 0xfc00;
  p.y[3] = 0x7c00;
  EXPECT_TRUE(p.judge().ok) << p.judge().reason;
  p.y[2] = 0x7c00;  // the other Inf
  EXPECT_EQ(p.judge().first_bad, 2);
  p.y[2] = 0xfc00;
  p.y[3] = 0x7bff;  // the largest finite number is a clamp, not a rounding
  EXPECT_EQ(p.judge().first_bad, 3);
}

TEST(Compare, RejectsANaNBound) {
  Problem p(128);
  p.oracle.a[9] = std::nan("");
  EXPECT_EQ(p.judge().first_bad, 9);
}

double in_f16(double v) { return f16_to_f32(f64_to_f16(v)); }

void accumulate_in_f16(Problem& p) {
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      double sum = 0;
      for (std::int64_t k = 0; k < p.k; ++k) {
        const double x = f16_to_f32(p.x[static_cast<std::size_t>(i * p.k + k)]);
        sum = in_f16(sum + in_f16(x * p.w.value(k, j)));
      }
      p.y[static_cast<std::size_t>(i * n + j)] = f64_to_f16(sum);
    }
  }
}

TEST(Compare, RoundingGateRejectsSixteenBitAccumulation) {
  for (const std::int64_t k : {128, 1024, 4096}) {
    Problem p(k);
    accumulate_in_f16(p);
    const Verdict v = p.judge();
    EXPECT_FALSE(v.ok);
    EXPECT_GT(v.rel_l2, rounding_limit(DType::f16, {.k = k})) << k;
  }
}

// Sums of one sign grow past the addends' last bits: here the bound alone must see it.
TEST(Compare, BoundRejectsSixteenBitAccumulation) {
  for (const std::int64_t k : {128, 1024, 4096}) {
    Problem p(k);
    for (auto& x : p.x) x &= 0x7fff;
    p.w.zero_kind = ZeroKind::minimum;  // w = 0.01 q + 7.5: positive
    p.oracle = make_oracle(p.w, TensorView::matrix(p.x.data(), DType::f16, m, k));
    accumulate_in_f16(p);
    const Verdict v = p.judge({.rounding_gate = false});
    EXPECT_FALSE(v.ok) << k;
    EXPECT_GT(v.max_err_over_bound, 1) << k;
  }
}

TEST(Compare, RoundingGateCatchesSixteenBitPartialSums) {
  Problem p(8192);
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      double sum = 0;
      for (int s = 0; s < 16; ++s) {
        double part = 0;
        for (std::int64_t k = s * p.k / 16; k < (s + 1) * p.k / 16; ++k) {
          part += f16_to_f32(p.x[static_cast<std::size_t>(i * p.k + k)]) * p.w.value(k, j);
        }
        sum = in_f16(sum + in_f16(part));
      }
      p.y[static_cast<std::size_t>(i * n + j)] = f64_to_f16(sum);
    }
  }
  EXPECT_FALSE(p.judge({.splits = 16}).ok);
  EXPECT_TRUE(p.judge({.splits = 16, .rounding_gate = false}).ok);  // why the second gate is there
}

TEST(Compare, EmptySlicesDoNotWidenTheBound) {
  EXPECT_EQ(error_factor({.k = 64, .splits = 1LL << 31}), error_factor({.k = 64, .splits = 64}));
}

}  // namespace
}  // namespace halfbyte::bench
