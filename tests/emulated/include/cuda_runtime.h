// The language's extensions as far as the kernels use them.
#pragma once

#include <cuda_runtime_api.h>

#include <algorithm>
#include <bit>
#include <cfenv>
#include <cmath>
#include <cstdint>
#include <type_traits>

#define __global__
#define __device__
#define __host__
#define __shared__ static
#define __launch_bounds__(...)
#define __grid_constant__
#define threadIdx simt::thread_index
#define blockIdx simt::block_index
#define blockDim simt::block_size
#define gridDim simt::grid_size

struct uint2 {
  std::uint32_t x, y;
};
struct uint4 {
  std::uint32_t x, y, z, w;
};
struct float2 {
  float x, y;
};
struct alignas(16) float4 {
  float x, y, z, w;
};

using std::max;
using std::min;

inline void __syncthreads() { simt::meet_block(); }
inline void __syncwarp() {
  const char nothing = 0;
  (void)simt::meet_warp(&nothing, 1);
}
inline void __threadfence() {}

inline std::uint32_t __byte_perm(std::uint32_t a, std::uint32_t b, std::uint32_t selector) {
  const std::uint64_t bytes = static_cast<std::uint64_t>(b) << 32 | a;
  std::uint32_t d = 0;
  for (int i = 0; i < 4; ++i) {
    const std::uint32_t from = selector >> (4 * i) & 7U;
    d |= static_cast<std::uint32_t>(bytes >> (8 * from) & 0xFFU) << (8 * i);
  }
  return d;
}

// Threads change at meetings only, so that a plain step is an atomic one.
template <class T>
T atomicAdd(T* at, std::type_identity_t<T> value) {
  const T old = *at;
  *at += value;
  return old;
}
template <class T>
T atomicExch(T* at, std::type_identity_t<T> value) {
  const T old = *at;
  *at = value;
  return old;
}
template <class T>
T atomicCAS(T* at, std::type_identity_t<T> compare, std::type_identity_t<T> value) {
  const T old = *at;
  if (old == compare) *at = value;
  return old;
}
template <class T>
T __ldcg(const T* at) {
  return *at;
}

// f(a, b, c) rounded downwards or upwards; volatile, or the compiler computes it beforehand.
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
inline float __uint_as_float(std::uint32_t bits) { return std::bit_cast<float>(bits); }
inline std::uint32_t __float_as_uint(float value) { return std::bit_cast<std::uint32_t>(value); }
template <class T>
void __stcs(T* to, T value) {
  if (reinterpret_cast<std::uintptr_t>(to) % sizeof(T) != 0) std::abort();
  *to = value;
}
template <class T>
T __ldg(const T* at) {
  return *at;
}
template <class T>
T __shfl_xor_sync(unsigned, T mine, int mask) {
  return simt::shuffle(mine, simt::lane() ^ mask);
}
inline bool __any_sync(unsigned, bool mine) {
  const auto* all = reinterpret_cast<const bool*>(simt::meet_warp(&mine, sizeof(mine)));
  return std::any_of(all, all + 32, [](bool b) { return b; });
}
inline std::uint32_t __reduce_max_sync(unsigned, std::uint32_t mine) {
  const auto* all = reinterpret_cast<const std::uint32_t*>(simt::meet_warp(&mine, sizeof(mine)));
  return *std::max_element(all, all + 32);
}
inline unsigned atomicMax(unsigned* at, unsigned value) {
  const unsigned old = *at;
  *at = std::max(old, value);
  return old;
}
