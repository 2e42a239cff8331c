// H on tiles of 256 elements in registers: core/hadamard/tile.h by mma.m16n8k16.
//
//   per tile and lane   fast:         4 mma, 4 conversions of pairs
//                       one_rounding: 6 mma, 8 conversions of pairs, 8 widenings, 8 subtractions
// one_rounding splits what pass 1 leaves into 16 bits of x's type and the rest in bf16, which holds
// rests of any size: together 19 bits (16 where x is bf16) for the sums of pass 2.
#pragma once

#include <cstdint>

#include "core/hadamard/butterfly.h"
#include "core/hadamard/tile.h"
#include "cuda/number.cuh"

namespace halfbyte::cuda::hadamard {

namespace map = core::hadamard;

// A number type for H: the entries of A, and a pair's halves widened.
struct HalfNumber : F16 {
  static __device__ std::uint32_t power(int exponent) { return map::f16_power(exponent); }
  static __device__ float low(std::uint32_t pair) { return widen(pair & 0xFFFFU, false); }
  static __device__ float high(std::uint32_t pair) { return widen(pair >> 16, false); }
};
struct BFloatNumber : BF16 {
  static __device__ std::uint32_t power(int exponent) { return map::bf16_power(exponent); }
  static __device__ float low(std::uint32_t pair) { return __uint_as_float(pair << 16); }
  static __device__ float high(std::uint32_t pair) { return __uint_as_float(pair & 0xFFFF0000U); }
};

// What rounding two values to `rounded` left out, in bf16. Inf - Inf is NaN, of which the minimum
// with 2^120, more than any rest, makes a number: Inf plus that stays Inf.
template <class Number>
__device__ std::uint32_t rest_pair(float low, float high, std::uint32_t rounded) {
  const std::uint32_t rests =
      ptx::to_bf16x2(low - Number::low(rounded), high - Number::high(rounded));
  return ptx::min_bf16x2(rests, 0x7B807B80U);
}

// A of both passes, and of pass 2 on the rests.
template <class Number, bool one_rounding>
struct Matrices {
  std::uint32_t first[4], second[4], rest[one_rounding ? 4 : 1];
};

// The registers of A. For 256 elements or more 0, 1 and 2 hold the same; of what it knows to be
// equal the compiler keeps one register and copies it before every mma, 64 to 100 instructions for
// 8 tiles. A grid here has one dimension, which the compiler does not know: y and z are zeros.
__device__ inline void a_words(int mask, std::uint32_t power, int lane, std::uint32_t (&a_r)[4]) {
  const std::uint32_t zeros[4] = {0, blockIdx.y, blockIdx.z, 0};
#pragma unroll
  for (int r = 0; r < 4; ++r) a_r[r] = map::a_word(mask, power, lane, r) ^ zeros[r];
}

template <class Number, bool one_rounding>
__device__ Matrices<Number, one_rounding> matrices_of(int log2_n, int lane) {
  const map::Masks masks = map::masks_of(log2_n);
  const map::Exponents exponents = map::exponents_of(log2_n);
  Matrices<Number, one_rounding> m;
  a_words(masks.first, Number::power(exponents.first), lane, m.first);
  a_words(masks.second, Number::power(exponents.second), lane, m.second);
  if constexpr (one_rounding) {
    a_words(masks.second, map::bf16_power(exponents.second), lane, m.rest);
  }
  return m;
}

// Pass 2 and what lies between the passes.
template <class Number, bool one_rounding>
__device__ void finish_tile(const float (&sums_r)[2][4], const Matrices<Number, one_rounding>& m,
                            float (&v_r)[8]) {
  float out_r[2][4];  // [e1]
#pragma unroll
  for (int e1 = 0; e1 < 2; ++e1) {
    std::uint32_t rounded_r[2], rest_r[2];
#pragma unroll
    for (int e2 = 0; e2 < 2; ++e2) {
      const float low = sums_r[e2][2 * e1], high = sums_r[e2][2 * e1 + 1];
      rounded_r[e2] = Number::pair(low, high);
      if constexpr (one_rounding) {
        rest_r[e2] = rest_pair<Number>(low, high, rounded_r[e2]);
      }
    }
    Number::multiply(out_r[e1], m.second, rounded_r[0], rounded_r[1]);
    if constexpr (one_rounding) BF16::mma(out_r[e1], m.rest, rest_r[0], rest_r[1]);
#pragma unroll
    for (int r = 0; r < 4; ++r) v_r[map::element_of(e1, r)] = out_r[e1][r];
  }
}

// v = H x / 2^(both exponents): element e of the lane's eight.
template <class Number, bool one_rounding>
__device__ void transform_tile(const std::uint32_t (&x_r)[4],
                               const Matrices<Number, one_rounding>& m, float (&v_r)[8]) {
  float sums_r[2][4];  // [e2]
  Number::multiply(sums_r[0], m.first, x_r[0], x_r[1]);
  Number::multiply(sums_r[1], m.first, x_r[2], x_r[3]);
  finish_tile(sums_r, m, v_r);
}

}  // namespace halfbyte::cuda::hadamard
