// Integers first, threshold 0: every partial sum is exact in f32, so every kernel and schedule must
// give the integer result to the bit.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "bench/oracle.h"
#include "halfbyte/numeric.h"
#include "tests/support/run_linear.h"
#include "tests/support/weights.h"

namespace halfbyte {
namespace {

using test::Call;
using test::WeightCase;

// x of small integers; sparse enough that outputs fit their type exactly.
std::vector<std::byte> integer_rows(std::int64_t m, std::int64_t k, DType dtype, std::uint64_t seed,
                                    std::int64_t nonzero) {
  constexpr double values[] = {-2, -1, 1, 2};
  std::mt19937_64 bits(seed);
  std::vector<std::byte> x(static_cast<std::size_t>(m * k) * size_of(dtype));
  for (std::int64_t r = 0; r < m; ++r) {
    for (std::int64_t i = 0; i < k; ++i) store_element(x.data(), dtype, r * k + i, 0);
    for (std::int64_t j = 0; j < std::min(nonzero, k); ++j) {
      store_element(x.data(), dtype,
                    r * k + static_cast<std::int64_t>(bits() % static_cast<std::uint64_t>(k)),
                    values[bits() % 4]);
    }
  }
  return x;
}

int expect_exact(const WeightCase& c, std::int64_t m, DType in, DType out, std::int64_t nonzero) {
  const QuantizedWeight weight = test::make_weight(c, 7 + static_cast<std::uint64_t>(c.k));
  const PackedWeight packed = pack(weight);
  const auto x = integer_rows(m, c.k, in, 11, nonzero);
  const auto view = TensorView::matrix(x.data(), in, m, c.k);
  const bench::Oracle oracle = bench::make_oracle(weight, view);
  std::int64_t zeros = 0;
  for (const double value : oracle.y64) zeros += value == 0;
  EXPECT_LE(2 * zeros, m * c.n + 4) << "MISTRUSTED: mostly zeros, " << to_string(c);
  int checked = 0;
  const auto sample = TensorView::matrix(nullptr, out, m, c.n);
  for (const Call& call : test::calls_for(view, packed, sample)) {
    const auto y = test::run(view, packed, out, call);
    for (std::int64_t i = 0; i < m * c.n; ++i) {
      const double got = load_element(y.data(), out, i);
      if (!(got == oracle.y64[static_cast<std::size_t>(i)])) {
        ADD_FAILURE() << to_string(c) << " " << to_string(call) << " element " << i << ": " << got
                      << " instead of " << oracle.y64[static_cast<std::size_t>(i)];
        return checked;
      }
    }
    ++checked;
  }
  return checked;
}

TEST(LinearExact, SmallIntegersToTheBit) {
  int checked = 0;
  for (WeightCase c : test::weight_cases()) {
    if (c.scale == DType::e8m0) c.scale = DType::bf16;
    if (c.zero == ZeroKind::real || c.zero == ZeroKind::minimum)
      continue;  // offsets are no integers
    c.unit_scales = true;
    for (const std::int64_t m : {1, 2, 3, 5, 7, 13}) {
      checked += expect_exact(c, m, DType::f32, DType::f32, c.k);  // dense
      checked += expect_exact(c, m, DType::f16, DType::f32, c.k);
      checked += expect_exact(c, m, DType::bf16, DType::f32, c.k);
      if (c.bits > 4) continue;
      checked += expect_exact(c, m, DType::f16, DType::f16, 20);
      checked += expect_exact(c, m, DType::bf16, DType::bf16, 2);
    }
  }
  RecordProperty("checked", checked);
  EXPECT_GT(checked, 2000);
}

// Partial sums reach 2^20 while every output is a small integer: 16-bit accumulation, and partial
// sums kept in 16 bits, fail here and nowhere else.
TEST(LinearExact, CancellingIntegersToTheBit) {
  const WeightCase c{.k = 4096, .n = 32, .group = 128, .unit_scales = true};
  QuantizedWeight weight = test::make_weight(c, 3);
  for (auto& scale : weight.scales) scale = std::byte{0};
  for (std::int64_t i = 0; i < weight.groups * weight.n; ++i) {
    store_element(weight.scales.data(), DType::f16, i, 1.0);
  }
  // The second half of k repeats the first half's codes, and x its values negated, but for one row.
  for (std::int64_t j = 0; j < c.n; ++j) {
    for (std::int64_t i = 0; i < c.k / 2; ++i) {
      const std::uint32_t code = i % 2 == 0 ? 15 : 12;
      weight.set_code(i, j, code);
      weight.set_code(i + c.k / 2, j, code);
    }
    weight.set_code(0, j, static_cast<std::uint32_t>(j % 16));
  }
  const PackedWeight packed = pack(weight);
  const std::int64_t m = 9;
  std::vector<std::byte> x(static_cast<std::size_t>(m * c.k) * 2);
  for (std::int64_t r = 0; r < m; ++r) {
    for (std::int64_t i = 0; i < c.k; ++i) {
      store_element(x.data(), DType::f16, r * c.k + i, i < c.k / 2 ? 96.0 : -96.0);
    }
  }
  const auto view = TensorView::matrix(x.data(), DType::f16, m, c.k);
  const bench::Oracle oracle = bench::make_oracle(weight, view);
  for (const Call& call :
       test::calls_for(view, packed, TensorView::matrix(nullptr, DType::f16, m, c.n))) {
    const auto y = test::run(view, packed, DType::f16, call);
    for (std::int64_t i = 0; i < m * c.n; ++i) {
      ASSERT_EQ(load_element(y.data(), DType::f16, i), oracle.y64[static_cast<std::size_t>(i)])
          << to_string(call) << " element " << i;
    }
  }
}

// One-hot x reads one row of W: proves the packing, code by code.
TEST(LinearExact, OneHotRowsReadTheWeight) {
  for (const WeightCase& c : test::weight_cases()) {
    if (c.k > 400 || c.zero == ZeroKind::real || c.zero == ZeroKind::minimum) continue;
    const QuantizedWeight weight = test::make_weight(c, 5);
    const PackedWeight packed = pack(weight);
    std::vector<std::byte> x(static_cast<std::size_t>(c.k * c.k) * 2);
    for (std::int64_t i = 0; i < c.k * c.k; ++i) {
      store_element(x.data(), DType::f16, i, i / c.k == i % c.k ? 1.0 : 0.0);
    }
    const auto view = TensorView::matrix(x.data(), DType::f16, c.k, c.k);
    for (const KernelInfo& kernel : linear_kernels()) {
      if (!kernel.unavailable.empty()) continue;
      const Call call{kernel.name, Schedule::data_parallel, 0};
      std::vector<std::byte> y;
      try {
        y = test::run(view, packed, DType::f32, call);
      } catch (const Error& error) {
        ASSERT_EQ(error.code(), ErrorCode::unsupported) << error.what();
        continue;
      }
      for (std::int64_t i = 0; i < c.k; ++i) {
        for (std::int64_t j = 0; j < c.n; ++j) {
          ASSERT_EQ(load_element(y.data(), DType::f32, i * c.n + j),
                    static_cast<float>(weight.value(i, j)))
              << to_string(c) << " " << kernel.name << " row " << i << " column " << j;
        }
      }
    }
  }
}

}  // namespace
}  // namespace halfbyte
