// The codes of a quantised output against a search through all values of the format.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/hadamard/quantize.h"

namespace halfbyte::core {
namespace {

constexpr CodeKind fp8_kinds[] = {CodeKind::e4m3, CodeKind::e5m2};

// The nearest finite value, the even code at a tie: by looking at every one of them.
std::uint8_t nearest(float v, CodeKind kind) {
  const double magnitude = std::fabs(static_cast<double>(v));
  int best = 0;
  for (int code = 0; code < 128; ++code) {
    const float value = fp8_value(static_cast<std::uint8_t>(code), kind);
    if (!std::isfinite(value)) continue;
    const double distance = std::fabs(static_cast<double>(value) - magnitude);
    const double least = std::fabs(
        static_cast<double>(fp8_value(static_cast<std::uint8_t>(best), kind)) - magnitude);
    if (distance < least || (distance == least && code % 2 == 0)) best = code;
  }
  return static_cast<std::uint8_t>(best | (std::signbit(v) ? 0x80 : 0));
}

TEST(HadamardCodes, EveryFp8ValueIsItsOwnCode) {
  for (const CodeKind kind : fp8_kinds) {
    for (int code = 0; code < 256; ++code) {
      const float value = fp8_value(static_cast<std::uint8_t>(code), kind);
      if (!std::isfinite(value)) continue;
      EXPECT_EQ(fp8_code(value, kind), code);
    }
  }
}

TEST(HadamardCodes, Fp8IsTheNearestValue) {
  for (const CodeKind kind : fp8_kinds) {
    for (int code = 0; code < 127; ++code) {
      const float low = fp8_value(static_cast<std::uint8_t>(code), kind);
      const float high = fp8_value(static_cast<std::uint8_t>(code + 1), kind);
      if (!std::isfinite(low) || !std::isfinite(high)) continue;
      const float middle = (low + high) / 2;
      for (const float v : {middle, std::nextafter(middle, 0.0F), std::nextafter(middle, high),
                            -middle, low + (high - low) * 0.3F, -high}) {
        EXPECT_EQ(fp8_code(v, kind), nearest(v, kind)) << v;
      }
    }
  }
}

TEST(HadamardCodes, SaturateAndKeepNaN) {
  constexpr float inf = std::numeric_limits<float>::infinity();
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(fp8_value(fp8_code(inf, CodeKind::e4m3), CodeKind::e4m3), 448.0F);
  EXPECT_EQ(fp8_value(fp8_code(-1e30F, CodeKind::e5m2), CodeKind::e5m2), -57344.0F);
  for (const CodeKind kind : fp8_kinds)
    EXPECT_TRUE(std::isnan(fp8_value(fp8_code(nan, kind), kind)));
  EXPECT_EQ(integer_code(inf, CodeKind::int8), 127);
  EXPECT_EQ(integer_code(-inf, CodeKind::int4), -7);
  EXPECT_EQ(integer_code(nan, CodeKind::int8), 0);
}

TEST(HadamardCodes, IntegersRoundToEven) {
  for (int i = -200; i <= 200; ++i) {
    const float v = static_cast<float>(i) / 2;
    EXPECT_EQ(round_to_int(v), static_cast<int>(std::nearbyint(v))) << v;
  }
}

TEST(HadamardCodes, ScaleHasAReciprocal) {
  for (const CodeKind kind : {CodeKind::e4m3, CodeKind::e5m2, CodeKind::int8, CodeKind::int4}) {
    EXPECT_EQ(integer_code(largest_code(kind), CodeKind::int4), 7);
    for (const float amax : {0.0F, 1e-45F, 1e-38F, 1.0F, 3e38F}) {
      EXPECT_TRUE(std::isfinite(1.0F / scale_for(amax, kind))) << amax;
    }
    EXPECT_TRUE(std::isnan(scale_for(std::numeric_limits<float>::quiet_NaN(), kind)));
  }
}

}  // namespace
}  // namespace halfbyte::core
