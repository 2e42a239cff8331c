// The numbers of a quantised output, the same on every backend: scale = max(amax / largest code,
// 2^-126) in f32, code = round(value * (1 / scale)) to nearest, ties to even, saturated.
// NaN: stays NaN in fp8 and is 0 in an integer; a scale made from it is NaN.
// fp8: e4m3 (no Inf, largest 448) and e5m2 (largest 57344), arXiv 2209.05433 section 3.
#pragma once

#include <cstdint>

#include "core/bits.h"
#include "core/hd.h"

namespace halfbyte::core {

enum class CodeKind : std::uint8_t { none, e4m3, e5m2, int8, int4 };

HB_HD constexpr float largest_code(CodeKind kind) {
  switch (kind) {
    case CodeKind::e4m3:
      return 448.0F;
    case CodeKind::e5m2:
      return 57344.0F;
    case CodeKind::int8:
      return 127.0F;
    case CodeKind::int4:
      return 7.0F;
    case CodeKind::none:
      break;
  }
  return 1.0F;
}

// The scale of values up to amax. Below 2^-126 its reciprocal would overflow: zeros get that scale.
HB_HD constexpr float scale_for(float amax, CodeKind kind) {
  const float scale = amax / largest_code(kind);
  return scale < 0x1p-126F ? 0x1p-126F : scale;
}

// Rounds |v| <= 2^22 to an integer, ties to even: the sum with 1.5 2^23 keeps no fraction bits, and
// its bits count the integers.
HB_HD constexpr int round_to_int(float v) {
  return static_cast<int>(bits_of(v + 0x1.8p23F) - bits_of(0x1.8p23F));
}

// -largest ... largest; NaN is 0.
HB_HD constexpr int integer_code(float v, CodeKind kind) {
  const float largest = largest_code(kind);
  if (!(v == v)) return 0;
  return round_to_int(v > largest ? largest : v < -largest ? -largest : v);
}

// The bits of an fp8 number with `mantissa` bits, saturated to the largest finite one. e4m3 has
// 0x7F for NaN, e5m2 0x7F as well (its NaNs are 0x7D ... 0x7F).
HB_HD constexpr std::uint8_t fp8_code(float v, CodeKind kind) {
  const int mantissa = kind == CodeKind::e4m3 ? 3 : 2;
  const int bias = kind == CodeKind::e4m3 ? 7 : 15;
  const auto bits = bits_of(v);
  const auto sign = static_cast<std::uint8_t>(bits >> 24 & 0x80U);
  if (!(v == v)) return static_cast<std::uint8_t>(sign | 0x7FU);
  const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  const auto limit = bits_of(largest_code(kind));
  if (magnitude >= limit) {
    return static_cast<std::uint8_t>(sign | (kind == CodeKind::e4m3 ? 0x7EU : 0x7BU));
  }
  const auto exponent = static_cast<int>(magnitude >> 23) - 127;
  if (exponent < 1 - bias) {  // subnormal: units of 2^(1 - bias - mantissa), exact product
    const float unit = kind == CodeKind::e4m3 ? 0x1p9F : 0x1p16F;
    const int units = round_to_int(float_of(magnitude) * unit);
    return static_cast<std::uint8_t>(sign | static_cast<std::uint32_t>(units));
  }
  const int dropped = 23 - mantissa;
  const std::uint32_t odd = magnitude >> dropped & 1U;
  const std::uint32_t rounded = (magnitude + (1U << (dropped - 1)) - 1U + odd) >> dropped;
  const auto rebias = static_cast<std::uint32_t>((127 - bias) << mantissa);
  return static_cast<std::uint8_t>(sign | (rounded - rebias));
}

// The value of an fp8 code.
HB_HD constexpr float fp8_value(std::uint8_t code, CodeKind kind) {
  const int mantissa = kind == CodeKind::e4m3 ? 3 : 2;
  const int bias = kind == CodeKind::e4m3 ? 7 : 15;
  const std::uint32_t magnitude = code & 0x7FU;
  const std::uint32_t sign = static_cast<std::uint32_t>(code & 0x80U) << 24;
  const bool nan = kind == CodeKind::e4m3 ? magnitude == 0x7FU : magnitude > 0x7CU;
  const std::uint32_t exponent = magnitude >> mantissa;
  if (nan) return float_of(sign | 0x7FC00000U);
  if (kind == CodeKind::e5m2 && magnitude == 0x7CU) return float_of(sign | 0x7F800000U);
  if (exponent == 0) {
    const float unit = kind == CodeKind::e4m3 ? 0x1p-9F : 0x1p-16F;
    const float value = static_cast<float>(magnitude) * unit;
    return float_of(bits_of(value) | sign);
  }
  const auto rebias = static_cast<std::uint32_t>(127 - bias) << 23;
  return float_of(sign | ((magnitude << (23 - mantissa)) + rebias));
}

}  // namespace halfbyte::core
