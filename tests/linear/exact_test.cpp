// Integers first, threshold 0: every partial sum is exact in f32, so every kernel and schedule must
// give the integer result to the bit.
#include <cstdlib>
#include <random>

#include "linear/under_test.h"
#include "tests/support/operand.h"
#include "tests/support/reference.h"
#include "tests/support/weights.h"

namespace halfbyte {
namespace {

using test::Call;
using test::Operand;
using test::WeightCase;

class LinearExact : public test::OnDevice {
 protected:
  // x of small integers; sparse enough that outputs fit their type exactly.
  Operand integer_rows(std::int64_t m, std::int64_t k, DType dtype, std::int64_t nonzero) {
    constexpr double values[] = {-2, -1, 1, 2};
    std::mt19937_64 bits(11);
    Operand x(device, dtype, m, k, [](std::int64_t, std::int64_t) { return 0.0; });
    for (std::int64_t r = 0; r < m; ++r) {
      for (std::int64_t j = 0; j < std::min(nonzero, k); ++j) {
        const auto i = static_cast<std::int64_t>(bits() % static_cast<std::uint64_t>(k));
        x.set(r, i, values[bits() % 4]);
      }
    }
    x.upload();
    return x;
  }

  // Every call gives y64 itself.
  int expect_equal(const QuantizedWeight& weight, const Operand& x, DType out,
                   const std::string& what) {
    const PackedWeight packed = pack(weight, device);
    const std::int64_t m = x.host().shape[0];
    test::References references(weight, x.host());
    int checked = 0;
    for (const Call& call : test::calls_for(x.view(), packed, test::unplaced(packed, m, out))) {
      const auto& y64 = references.of(WeightRounding::exact).y64;  // these weights fit 16 bits
      const auto y = test::run(x.view(), packed, out, call);
      for (std::int64_t i = 0; i < m * weight.n; ++i) {
        const double got = load_element(y.data(), out, i);
        const double wanted = y64[static_cast<std::size_t>(i)];
        if (got == wanted) continue;
        ADD_FAILURE() << what << " " << to_string(call) << " element " << i << ": " << got
                      << " instead of " << wanted;
        return checked;
      }
      ++checked;
    }
    const auto zeros = std::ranges::count(references.of(WeightRounding::exact).y64, 0.0);
    EXPECT_LE(2 * zeros, m * weight.n + 4) << "MISTRUSTED: mostly zeros, " << what;
    return checked;
  }

  int expect_exact(const WeightCase& c, std::int64_t m, DType in, DType out, std::int64_t nonzero) {
    return expect_equal(test::make_weight(c, 7 + static_cast<std::uint64_t>(c.k)),
                        integer_rows(m, c.k, in, nonzero), out, to_string(c));
  }
};

TEST_F(LinearExact, SmallIntegersToTheBit) {
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
TEST_F(LinearExact, CancellingIntegersToTheBit) {
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
  const Operand x(device, DType::f16, 9, c.k,
                  [&](std::int64_t, std::int64_t i) { return i < c.k / 2 ? 96.0 : -96.0; });
  EXPECT_GT(expect_equal(weight, x, DType::f16, "cancelling"), 5);
}

// One-hot x reads one row of W: proves the packing, code by code.
TEST_F(LinearExact, OneHotRowsReadTheWeight) {
  for (const WeightCase& c : test::weight_cases()) {
    if (c.k > 400 || c.zero == ZeroKind::real || c.zero == ZeroKind::minimum) continue;
    const QuantizedWeight weight = test::make_weight(c, 5);
    const PackedWeight packed = pack(weight, device);
    const Operand x(device, DType::f16, c.k, c.k,
                    [](std::int64_t r, std::int64_t i) { return r == i ? 1.0 : 0.0; });
    for (const Call& call :
         test::calls_for(x.view(), packed, test::unplaced(packed, c.k, DType::f32))) {
      if (call.division.schedule != Schedule::data_parallel) continue;
      const auto y = test::run(x.view(), packed, DType::f32, call);
      for (std::int64_t i = 0; i < c.k; ++i) {
        for (std::int64_t j = 0; j < c.n; ++j) {
          ASSERT_EQ(load_element(y.data(), DType::f32, i * c.n + j),
                    static_cast<float>(weight.value(i, j)))
              << to_string(c) << " " << to_string(call) << " row " << i << " column " << j;
        }
      }
    }
  }
}

}  // namespace
}  // namespace halfbyte
