// From the finished f32 values of a row to y where that is more than one rounding: largest
// magnitude, scales, codes, elements that are not adjacent. Plain loops that the compiler turns
// into vectors of the file's instruction set; `flatten` keeps shared inline functions out of it.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#include "core/hadamard/quantize.h"
#include "cpu/hadamard/hadamard.h"

namespace halfbyte::cpu::simd {

inline constexpr std::int64_t finish_chunk = 512;

// By the order of bits: NaN is above Inf.
template <class V>
[[gnu::flatten]] inline float magnitude_of(const float* values, std::int64_t n) {
  std::int32_t largest = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int32_t bits = std::bit_cast<std::int32_t>(values[i]) & 0x7FFFFFFF;
    largest = bits > largest ? bits : largest;
  }
  return std::bit_cast<float>(largest);
}

template <class V, core::CodeKind kind>
[[gnu::flatten]] inline void encode_as(const float* values, std::int64_t n, float reciprocal,
                                       std::uint8_t* codes) {
  constexpr bool integer = kind == core::CodeKind::int8 || kind == core::CodeKind::int4;
  for (std::int64_t i = 0; i < n; ++i) {
    const float v = values[i] * reciprocal;
    if constexpr (integer) {
      codes[i] = static_cast<std::uint8_t>(core::integer_code(v, kind));
    } else {
      codes[i] = core::fp8_code(v, kind);
    }
  }
}

template <class V>
inline void encode(core::CodeKind kind, const float* values, std::int64_t n, float reciprocal,
                   std::uint8_t* codes) {
  switch (kind) {
    case core::CodeKind::e4m3:
      return encode_as<V, core::CodeKind::e4m3>(values, n, reciprocal, codes);
    case core::CodeKind::e5m2:
      return encode_as<V, core::CodeKind::e5m2>(values, n, reciprocal, codes);
    default:
      return encode_as<V, core::CodeKind::int8>(values, n, reciprocal, codes);
    case core::CodeKind::int4:
      encode_as<V, core::CodeKind::int4>(values, n, reciprocal, codes);
      for (std::int64_t i = 0; i < n / 2; ++i) {
        const unsigned low = codes[2 * i] & 15U;
        codes[i] = static_cast<std::uint8_t>(low | static_cast<unsigned>(codes[2 * i + 1]) << 4);
      }
  }
}

// y is not quantised: T in steps of `step` elements.
template <class V, DType T>
inline void round_out(const float* values, std::int64_t n, std::byte* y, std::int64_t step) {
  constexpr auto size = static_cast<std::int64_t>(V::template bytes<T>);
  std::int64_t i = 0;
  for (; step == 1 && i + V::lanes <= n; i += V::lanes) {
    V::template store_as<T>(y + i * size, V::load(values + i));
  }
  for (; i < n; i += V::lanes) {
    alignas(64) std::byte rounded[V::lanes * sizeof(float)];
    alignas(64) float in[V::lanes] = {};
    const std::int64_t count = std::min<std::int64_t>(V::lanes, n - i);
    std::memcpy(in, values + i, static_cast<std::size_t>(count) * sizeof(float));
    V::template store_as<T>(rounded, V::load(in));
    if (step == 1) {
      std::memcpy(y + i * size, rounded, static_cast<std::size_t>(count * size));
      continue;
    }
    for (std::int64_t k = 0; k < count; ++k) {
      std::memcpy(y + (i + k) * step * size, rounded + k * size, V::template bytes<T>);
    }
  }
}

// Elements first ... first + n - 1 of row `row`, scaled and with their signs, are in `values`.
// Whole groups, where scales are per group, and the whole row where they are per row.
template <class V>
inline void finish(const HadamardProblem& p, std::int64_t row, std::int64_t first,
                   const float* values, std::int64_t n) {
  const std::int64_t start = row / p.inner * p.y_strides.outer + row % p.inner * p.y_strides.inner;
  const std::int64_t step = p.y_strides.element;
  auto* y = static_cast<std::byte*>(p.y);
  if (p.kind == core::CodeKind::none) {
    if (p.amax != nullptr) raise_amax(p.amax, magnitude_of<V>(values, n));
    const std::int64_t at = start + first * step;
    switch (p.y_dtype) {
      case DType::f16:
        return round_out<V, DType::f16>(values, n, y + at * 2, step);
      case DType::bf16:
        return round_out<V, DType::bf16>(values, n, y + at * 2, step);
      default:
        return round_out<V, DType::f32>(values, n, y + at * 4, step);
    }
  }
  const std::int64_t per_byte = p.kind == core::CodeKind::int4 ? 2 : 1;
  const std::int64_t group = p.group == 0 ? n : p.group;
  float largest = 0;
  for (std::int64_t g = 0; g < n; g += group) {
    float reciprocal = 0;
    if (p.group > 0 || p.amax != nullptr) {
      const float magnitude = magnitude_of<V>(values + g, group);
      const bool above =
          std::bit_cast<std::int32_t>(magnitude) > std::bit_cast<std::int32_t>(largest);
      if (above) largest = magnitude;
      if (p.group > 0) {
        const float scale = core::scale_for(magnitude, p.kind);
        p.scales[(row * p.n + first + g) / group] = scale;
        reciprocal = 1.0F / scale;
      }
    }
    if (p.group == 0) reciprocal = 1.0F / *p.scales;
    for (std::int64_t c = g; c < g + group; c += finish_chunk) {
      const std::int64_t count = std::min(finish_chunk, g + group - c);
      const std::int64_t at = start + (first + c) / per_byte * step;
      std::uint8_t codes[finish_chunk];
      encode<V>(p.kind, values + c, count, reciprocal, codes);
      for (std::int64_t i = 0; i < count / per_byte && step != 1; ++i) {
        y[at + i * step] = std::byte{codes[i]};
      }
      if (step == 1) std::memcpy(y + at, codes, static_cast<std::size_t>(count / per_byte));
    }
  }
  if (p.amax != nullptr) raise_amax(p.amax, largest);
}

}  // namespace halfbyte::cpu::simd
