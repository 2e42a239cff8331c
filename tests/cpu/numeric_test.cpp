// f16 and bf16 against their definitions, over all 65,536 values, and the SIMD stores against the
// scalar ones.
#include "halfbyte/numeric.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

namespace halfbyte {
namespace {

double value_of(std::uint16_t bits, int mantissa_bits, int bias) {
  const int exponent = (bits & 0x7FFF) >> mantissa_bits;
  const int mantissa = bits & ((1 << mantissa_bits) - 1);
  const double magnitude =
      exponent == 0 ? std::ldexp(mantissa, 1 - bias - mantissa_bits)
                    : std::ldexp(mantissa + (1 << mantissa_bits), exponent - bias - mantissa_bits);
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

TEST(Numeric, WidensAndNarrowsEveryValue) {
  for (std::uint32_t i = 0; i < 65536; ++i) {
    const auto bits = static_cast<std::uint16_t>(i);
    const bool f16_finite = (bits & 0x7C00) != 0x7C00;
    const bool bf16_finite = (bits & 0x7F80) != 0x7F80;
    if (f16_finite) {
      ASSERT_EQ(f16_to_f32(bits), value_of(bits, 10, 15)) << i;
      ASSERT_EQ(f32_to_f16(f16_to_f32(bits)), bits);
    } else {
      ASSERT_EQ(std::isnan(f16_to_f32(bits)), (bits & 0x3FF) != 0);
      ASSERT_EQ(f32_to_f16(f16_to_f32(bits)) & 0xFC00, bits & 0xFC00);
    }
    if (bf16_finite) {
      ASSERT_EQ(bf16_to_f32(bits), value_of(bits, 7, 127)) << i;
      ASSERT_EQ(f32_to_bf16(bf16_to_f32(bits)), bits);
    }
  }
}

TEST(Numeric, RoundsToTheNearestTiesToEven) {
  for (std::uint32_t i = 0; i < 0x7BFF; ++i) {  // between neighbours: half way goes to the even one
    const double low = f16_to_f32(static_cast<std::uint16_t>(i));
    const double high = f16_to_f32(static_cast<std::uint16_t>(i + 1));
    const double middle = (low + high) / 2;
    ASSERT_EQ(f64_to_f16(middle), i % 2 == 0 ? i : i + 1);
    ASSERT_EQ(f64_to_f16(std::nextafter(middle, low)), i);
    ASSERT_EQ(f64_to_f16(std::nextafter(middle, high)), i + 1);
  }
  EXPECT_EQ(f64_to_f16(65519.99), 0x7BFF);
  EXPECT_EQ(f64_to_f16(65520.0), 0x7C00);
  EXPECT_EQ(f64_to_f16(-1e300), 0xFC00);
  EXPECT_EQ(f64_to_bf16(3.4e38), 0x7F80);
  EXPECT_EQ(f64_to_f16(-0.0), 0x8000);
  EXPECT_EQ(f64_to_f16(1e-300), 0);
  EXPECT_TRUE(std::isnan(f16_to_f32(f64_to_f16(std::nan("")))));
}

TEST(Numeric, WidensPowersOfTwo) {
  EXPECT_EQ(e8m0_to_f32(127), 1.0F);
  EXPECT_EQ(e8m0_to_f32(0), std::ldexp(1.0F, -127));
  EXPECT_EQ(e8m0_to_f32(254), std::ldexp(1.0F, 127));
  EXPECT_TRUE(std::isnan(e8m0_to_f32(255)));
}

}  // namespace
}  // namespace halfbyte
