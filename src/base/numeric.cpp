#include "halfbyte/numeric.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/hadamard/quantize.h"

namespace halfbyte {
namespace {

// A binary float of 16 bits: 1 sign bit, then exponent and mantissa bits.
struct F16 {
  static constexpr int mantissa = 10;
  static constexpr int bias = 15;
};
struct BF16 {
  static constexpr int mantissa = 7;
  static constexpr int bias = 127;
};

// Rounds to the nearest value of the format, ties to even, in one step from float64: the value is
// scaled so that one unit is the spacing of the format at its magnitude; nearbyint then rounds.
template <class Format>
std::uint16_t narrow(double value) {
  constexpr int exponent_bits = 15 - Format::mantissa;
  constexpr std::uint16_t infinity = ((1U << exponent_bits) - 1U) << Format::mantissa;
  const std::uint16_t sign = std::signbit(value) ? 0x8000U : 0U;
  if (std::isnan(value)) {  // keep the leading payload bits, and quiet it
    const auto payload = std::bit_cast<std::uint64_t>(value) >> (52 - Format::mantissa);
    const std::uint16_t kept = payload & ((1U << Format::mantissa) - 1U);
    return sign | infinity | kept | (1U << (Format::mantissa - 1));
  }
  const double magnitude = std::fabs(value);
  if (std::isinf(value)) return sign | infinity;
  if (magnitude == 0) return sign;
  constexpr int min_exponent = 1 - Format::bias;
  const int exponent = std::max(std::ilogb(magnitude), min_exponent);
  const auto units = static_cast<std::uint64_t>(
      std::nearbyint(std::ldexp(magnitude, Format::mantissa - exponent)));
  // Adding the units to the biased exponent carries a mantissa that rounded up to 2 into it.
  const std::uint64_t bits =
      (static_cast<std::uint64_t>(exponent - min_exponent) << Format::mantissa) + units;
  return sign | static_cast<std::uint16_t>(std::min<std::uint64_t>(bits, infinity));
}

}  // namespace

float f16_to_f32(std::uint16_t bits) {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000U) << 16;
  const std::uint32_t magnitude = bits & 0x7FFFU;
  if (magnitude >= 0x7C00U) {  // Inf, NaN
    return std::bit_cast<float>(sign | 0x7F800000U | (magnitude & 0x3FFU) << 13);
  }
  // The f16 bits under an exponent 112 smaller, put right by an exact product.
  const float scaled = std::bit_cast<float>(magnitude << 13) * 0x1p112F;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(scaled) | sign);
}

float bf16_to_f32(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

float e8m0_to_f32(std::uint8_t bits) {
  if (bits == 255) return std::numeric_limits<float>::quiet_NaN();
  return std::ldexp(1.0F, bits - 127);
}

std::uint16_t f64_to_f16(double value) { return narrow<F16>(value); }
std::uint16_t f64_to_bf16(double value) { return narrow<BF16>(value); }
std::uint16_t f32_to_f16(float value) { return narrow<F16>(value); }
std::uint16_t f32_to_bf16(float value) { return narrow<BF16>(value); }

double load_element(const void* data, DType dtype, std::int64_t i) {
  const auto at = [&](auto& value) {
    std::memcpy(&value,
                static_cast<const std::byte*>(data) + i * static_cast<std::int64_t>(sizeof value),
                sizeof value);
    return value;
  };
  std::uint16_t u16 = 0;
  std::uint8_t u8 = 0;
  std::int8_t i8 = 0;
  std::int16_t i16 = 0;
  std::int32_t i32 = 0;
  std::int64_t i64 = 0;
  float f32 = 0;
  double f64 = 0;
  switch (dtype) {
    case DType::f16:
      return f16_to_f32(at(u16));
    case DType::bf16:
      return bf16_to_f32(at(u16));
    case DType::f32:
      return at(f32);
    case DType::f64:
      return at(f64);
    case DType::i8:
      return at(i8);
    case DType::u8:
    case DType::boolean:
      return at(u8);
    case DType::i16:
      return at(i16);
    case DType::i32:
      return at(i32);
    case DType::i64:
      return static_cast<double>(at(i64));
    case DType::e8m0:
      return e8m0_to_f32(at(u8));
    case DType::e4m3:
      return core::fp8_value(at(u8), core::CodeKind::e4m3);
    case DType::e5m2:
      return core::fp8_value(at(u8), core::CodeKind::e5m2);
  }
  return std::numeric_limits<double>::quiet_NaN();
}

void store_element(void* data, DType dtype, std::int64_t i, double value) {
  const auto put = [&](auto stored) {
    std::memcpy(static_cast<std::byte*>(data) + i * static_cast<std::int64_t>(sizeof stored),
                &stored, sizeof stored);
  };
  switch (dtype) {
    case DType::f16:
      return put(f64_to_f16(value));
    case DType::bf16:
      return put(f64_to_bf16(value));
    case DType::f32:
      return put(static_cast<float>(value));
    default:
      return put(value);
  }
}

}  // namespace halfbyte
