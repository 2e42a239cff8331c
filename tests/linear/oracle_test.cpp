// Every kernel, tile and schedule against float64, through both gates of bench/compare_result.h.
#include <cmath>
#include <random>

#include "linear/under_test.h"
#include "tests/support/operand.h"
#include "tests/support/reference.h"
#include "tests/support/weights.h"

namespace halfbyte {
namespace {

using test::Call;
using test::Operand;
using test::Tally;
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

class LinearOracle : public test::OnDevice {
 protected:
  void check(const WeightCase& c, Family family, std::int64_t m, DType in, DType out,
             bool with_bias = false) {
    const QuantizedWeight weight = test::make_weight(c, 17 + static_cast<std::uint64_t>(c.n));
    const PackedWeight packed = pack(weight, device);
    std::mt19937_64 bits(23 + static_cast<std::uint64_t>(m));
    const std::int64_t stride = c.k + (m == 4 ? 3 : 0);  // unaligned rows among the cases
    const Operand x(
        device, in, m, c.k,
        [&](std::int64_t, std::int64_t i) { return draw(family, bits, i, c.k); }, stride);
    const Operand b(device, in, 1, c.n, [&](std::int64_t, std::int64_t i) {
      return draw(Family::normal, bits, i, c.k);
    });
    test::References references(weight, x.host(), with_bias ? b.host_row() : TensorView{});
    for (const Call& call : test::calls_for(x.view(), packed, test::unplaced(packed, m, out))) {
      const auto y = test::run(x.view(), packed, out, call, with_bias ? b.row() : TensorView{});
      ASSERT_TRUE(references.check(y, out, call, family == Family::normal, tally))
          << to_string(c) << " family " << static_cast<int>(family);
    }
  }
  Tally tally;
};

TEST_F(LinearOracle, StaysInsideTheBound) {
  for (const WeightCase& c : test::weight_cases()) {
    for (const Family family : families) {
      for (const std::int64_t m : {1, 4, 11}) {
        check(c, family, m, DType::f16, DType::f16, m == 4);
        check(c, family, m, DType::bf16, DType::bf16, m == 4);
        if (family == Family::normal || family == Family::one_signed) {
          check(c, family, m, DType::f32, DType::f32, m == 4);
          check(c, family, m, DType::bf16, DType::f32);
        }
        if (HasFatalFailure()) return;
      }
    }
    check(c, Family::normal, 40, DType::f16, DType::f16, true);
    if (HasFatalFailure()) return;
  }
  tally.print("families");
  EXPECT_GT(tally.cases, 3000);
}

TEST_F(LinearOracle, StaysInsideTheBoundAtLayerSize) {
  for (const std::int64_t m : {1, 6, 17}) {
    check({.k = 4096, .n = 272}, Family::normal, m, DType::f16, DType::f16);
    check({.k = 2048, .n = 160, .group = 64, .zero = ZeroKind::integer}, Family::outliers, m,
          DType::f16, DType::f16, true);
    check({.k = 4096, .n = 128, .group = 128, .shuffled = true}, Family::normal, m, DType::bf16,
          DType::bf16);
    if (HasFatalFailure()) return;
  }
  check({.k = 2048, .n = 272}, Family::normal, 200, DType::f16, DType::f16);  // many tiles of rows
  tally.print("layers");
  EXPECT_GT(tally.cases, 50);
}

}  // namespace
}  // namespace halfbyte
