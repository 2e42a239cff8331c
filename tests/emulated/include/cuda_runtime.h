// The language's extensions as far as the kernels use them.
#pragma once

#include <cuda_runtime_api.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

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
inline float __uint_as_float(std::uint32_t bits) { return std::bit_cast<float>(bits); }
inline std::uint32_t __float_as_uint(float value) { return std::bit_cast<std::uint32_t>(value); }
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
