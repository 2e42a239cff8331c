// Shim: what kernels use of CUDA's own headers and built-in functions, on the host (simt.h).
#pragma once

#include <cfenv>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "halfbyte/numeric.h"
#include "tests/simt/simt.h"

#define __device__
#define __global__
#define __grid_constant__
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))
#define __shared__ thread_local  // of the one host thread: all fibers see it

struct __half {
  std::uint16_t bits;
};
struct __nv_bfloat16 {
  std::uint16_t bits;
};
inline __half __float2half_rn(float value) { return {halfbyte::f32_to_f16(value)}; }
inline __nv_bfloat16 __float2bfloat16_rn(float value) { return {halfbyte::f32_to_bf16(value)}; }

inline void __syncthreads() { halfbyte::simt::sync_block(); }
inline void __syncwarp() { halfbyte::simt::sync_warp(); }
inline void __threadfence() {}

// Fibers change at barriers only, so a plain step is an atomic one.
template <class T>
T atomicAdd(T* at, T value) {
  const T before = *at;
  *at += value;
  return before;
}
inline unsigned long long atomicCAS(unsigned long long* at, unsigned long long compare,
                                    unsigned long long value) {
  const unsigned long long before = *at;
  if (before == compare) *at = value;
  return before;
}
inline unsigned long long atomicExch(unsigned long long* at, unsigned long long value) {
  const unsigned long long before = *at;
  *at = value;
  return before;
}
inline float __ldcg(const float* at) { return *at; }

inline std::uint32_t __float_as_uint(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return bits;
}
inline float __uint_as_float(std::uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}
inline std::uint32_t __byte_perm(std::uint32_t a, std::uint32_t b, std::uint32_t selector) {
  const std::uint64_t bytes = static_cast<std::uint64_t>(b) << 32 | a;
  std::uint32_t out = 0;
  for (int i = 0; i < 4; ++i) {
    const std::uint32_t from = selector >> (4 * i) & 7U;
    out |= static_cast<std::uint32_t>(bytes >> (8 * from) & 0xffU) << (8 * i);
  }
  return out;
}

// f(a, b, c) under another rounding mode; volatile, or the compiler computes it outside.
template <class F>
float rounded(int direction, const F& f, float a, float b, float c = 0) {
  const int before = std::fegetround();
  std::fesetround(direction);
  volatile float in[3] = {a, b, c};
  volatile float result = f(in[0], in[1], in[2]);
  std::fesetround(before);
  return result;
}
inline float fused(float a, float b, float c) { return std::fma(a, b, c); }
inline float difference(float a, float b, float) { return a - b; }
inline float product(float a, float b, float) { return a * b; }
inline float __fmaf_rd(float a, float b, float c) { return rounded(FE_DOWNWARD, fused, a, b, c); }
inline float __fmaf_ru(float a, float b, float c) { return rounded(FE_UPWARD, fused, a, b, c); }
inline float __fsub_rd(float a, float b) { return rounded(FE_DOWNWARD, difference, a, b); }
inline float __fsub_ru(float a, float b) { return rounded(FE_UPWARD, difference, a, b); }
inline float __fmul_rd(float a, float b) { return rounded(FE_DOWNWARD, product, a, b); }
inline float __fmul_ru(float a, float b) { return rounded(FE_UPWARD, product, a, b); }
using std::fmaf;
