// Eight elements of a row in a lane: brought from x with their signs, rounded or coded into y.
#pragma once

#include <cstdint>

#include "cuda/hadamard/args.h"
#include "cuda/hadamard/codes.cuh"
#include "cuda/ptx.cuh"

namespace halfbyte::cuda::hadamard {

// Signs and scales come by plain loads: the compiler may move a load that it takes for one of
// constants (__ldg) ahead of the wait for the kernel that wrote them.

// Brings `vectors` vectors of x to L2 from `first` on: for the block that takes this one's place on
// the SM, whose loads then wait for L2 alone. A kernel that fills its registers with one group of
// tiles has nothing else to load ahead with. Rows with gaps are not worth the search.
__device__ inline void prefetch_vectors(const Args& a, std::int64_t first, int vectors) {
  if (threadIdx.x != 0 || !a.x_steps.dense || first + vectors > a.vectors.count) return;
  ptx::prefetch_to_l2(static_cast<const std::uint16_t*>(a.x) + 8 * first,
                      16 * static_cast<std::uint32_t>(vectors));
}

// A word of two 16-bit sign masks from bytes i and i + 1 of signs.
template <int i>
__device__ std::uint32_t sign_masks(std::uint32_t signs) {
  constexpr int bytes = (i + 1) << 12 | i << 4;  // to the upper byte of each half
  return ptx::permute_bytes<bytes>(signs, 0) & 0x80008000U;
}

// Flips the signs of a vector of x.
__device__ inline void flip_before(const Args& a, std::int64_t vector, std::uint32_t (&x_r)[4]) {
  const std::int64_t column = a.vectors.place(vector).column;
  const uint2 signs = *reinterpret_cast<const uint2*>(a.signs_before + column);
  x_r[0] ^= sign_masks<0>(signs.x);
  x_r[1] ^= sign_masks<2>(signs.x);
  x_r[2] ^= sign_masks<0>(signs.y);
  x_r[3] ^= sign_masks<2>(signs.y);
}

// Flips the signs of `width` values by the signs at signs_g.
template <int width>
__device__ void flip_after(const std::int8_t* signs_g, float (&v_r)[width]) {
  std::uint32_t signs_r[(width + 3) / 4];
  if constexpr (width == 8) {
    const uint2 both = *reinterpret_cast<const uint2*>(signs_g);
    signs_r[0] = both.x;
    signs_r[1] = both.y;
  } else if constexpr (width == 4) {
    signs_r[0] = *reinterpret_cast<const std::uint32_t*>(signs_g);
  } else if constexpr (width == 2) {
    signs_r[0] = *reinterpret_cast<const std::uint16_t*>(signs_g);
  } else {
    signs_r[0] = static_cast<std::uint8_t>(*signs_g);
  }
#pragma unroll
  for (int e = 0; e < width; ++e) {
    const std::uint32_t sign = signs_r[e / 4] << (24 - 8 * (e % 4)) & 0x80000000U;
    v_r[e] = __uint_as_float(__float_as_uint(v_r[e]) ^ sign);
  }
}

// `width` sums become values of y.
template <int width>
__device__ void scale_values(const Args& a, float (&v_r)[width]) {
#pragma unroll
  for (int e = 0; e < width; ++e) v_r[e] *= a.factor;
}

template <class Part, int count>
__device__ void scale_values(const Args& a, Part (&v_r)[count]) {
#pragma unroll
  for (int i = 0; i < count; ++i) scale_values(a, v_r[i]);
}

// `width` 16-bit numbers in one store that the caches need not keep (st.global.cs): a copy of 134
// MB takes 66.3 us with it and 68.0 without on one H200.
template <class Number, int width>
__device__ void store_rounded(void* to_g, const float (&v_r)[width]) {
  if constexpr (width == 8) {
    __stcs(static_cast<uint4*>(to_g),
           uint4{Number::pair(v_r[0], v_r[1]), Number::pair(v_r[2], v_r[3]),
                 Number::pair(v_r[4], v_r[5]), Number::pair(v_r[6], v_r[7])});
  } else if constexpr (width == 4) {
    __stcs(static_cast<uint2*>(to_g),
           uint2{Number::pair(v_r[0], v_r[1]), Number::pair(v_r[2], v_r[3])});
  } else if constexpr (width == 2) {
    __stcs(static_cast<unsigned*>(to_g), Number::pair(v_r[0], v_r[1]));
  } else {
    *static_cast<std::uint16_t*>(to_g) = static_cast<std::uint16_t>(Number::pair(v_r[0], 0));
  }
}

// The largest |v|, by its bits.
template <int width>
__device__ std::uint32_t largest_bits(const float (&v_r)[width]) {
  std::uint32_t largest = 0;
#pragma unroll
  for (int e = 0; e < width; ++e) largest = max(largest, magnitude_bits(v_r[e]));
  return largest;
}

// What sums are multiplied with for their codes: what turns them into values, divided by the scale.
// Where that is beyond f32 (a scale below factor / 3.4e38, or 0), they become values first.
template <class Sums>
__device__ float code_factor(const Args& a, float scale, Sums& v_r) {
  const float factor = a.factor / scale;
  if (magnitude_bits(factor) < 0x7F800000U) return factor;
  scale_values(a, v_r);
  return 1 / scale;
}
// The scale where it is given, asked for early.
__device__ inline float given_scale(const Args& a) {
  return a.kind != core::CodeKind::none && a.log2_group < 0 ? *a.scales : 0;
}

// Bits of the largest value, of those of the largest sum: rounding keeps the order.
__device__ inline std::uint32_t value_bits(const Args& a, std::uint32_t sum_bits) {
  return magnitude_bits(__uint_as_float(sum_bits) * a.factor);
}

// `width` codes at element `offset` of y, of sums times `factor`. 4-bit: width is even.
template <core::CodeKind kind, int width>
__device__ void store_codes(const Args& a, std::int64_t offset, float factor,
                            const float (&v_r)[width]) {
  float s_r[width];
#pragma unroll
  for (int e = 0; e < width; ++e) s_r[e] = v_r[e] * factor;
  auto* const y_g = static_cast<std::uint8_t*>(a.y);
  if constexpr (kind == core::CodeKind::int4) {
    std::uint32_t word = 0;
#pragma unroll
    for (int e = 0; e < width; ++e) word |= nibble(s_r[e]) << (4 * e);
    void* const to_g = y_g + offset / 2;
    if constexpr (width == 8) __stcs(static_cast<unsigned*>(to_g), word);
    if constexpr (width == 4) *static_cast<std::uint16_t*>(to_g) = static_cast<std::uint16_t>(word);
    if constexpr (width == 2) *static_cast<std::uint8_t*>(to_g) = static_cast<std::uint8_t>(word);
  } else {
    void* const to_g = y_g + offset;
    if constexpr (width == 8) {
      __stcs(static_cast<uint2*>(to_g), uint2{four_codes<kind>(s_r[0], s_r[1], s_r[2], s_r[3]),
                                              four_codes<kind>(s_r[4], s_r[5], s_r[6], s_r[7])});
    } else if constexpr (width == 4) {
      __stcs(static_cast<unsigned*>(to_g), four_codes<kind>(s_r[0], s_r[1], s_r[2], s_r[3]));
    } else if constexpr (width == 2) {
      *static_cast<std::uint16_t*>(to_g) =
          static_cast<std::uint16_t>(four_codes<kind>(s_r[0], s_r[1], 0, 0));
    }
  }
}

}  // namespace halfbyte::cuda::hadamard
