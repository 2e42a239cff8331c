// A head in registers: rotated, its signs flipped, transformed.
#pragma once

#include <cstdint>

#include "core/hadamard/butterfly.h"
#include "cuda/rotary/load.cuh"

namespace halfbyte::cuda::rotary {

__device__ inline void turn(float& first, float& second, float cos, float sin) {
  const float a = first, b = second;
  first = fmaf(a, cos, -(b * sin));
  second = fmaf(a, sin, b * cos);
}

template <class K>
__device__ void rotate_head(const Args& a, const Words& x_r, const Angles& angles, Values<K>& v_r) {
  using Number = typename K::Number;
  const auto widened = [&](int row, int e) {
    return e % 2 == 0 ? Number::low(x_r[row][e / 2]) : Number::high(x_r[row][e / 2]);
  };
  if constexpr (K::slots == 1) {
#pragma unroll
    for (int e = 0; e < 8; ++e) {
      v_r[0][e] = fmaf(widened(0, e), angles.cos_r[e], widened(1, e) * angles.sin_r[e]);
    }
  } else {
#pragma unroll
    for (int e = 0; e < 8; ++e) {
      v_r[0][e] = widened(0, e);
      v_r[1][e] = widened(1, e);
    }
    if (a.halves) {
#pragma unroll
      for (int e = 0; e < 8; ++e) {
        turn(v_r[0][e], v_r[1][e], angles.cos_r[e], angles.sin_r[e]);
      }
    } else {
#pragma unroll
      for (int i = 0; i < 8; ++i) {
        float* const pair = &v_r[i / 4][i % 4 * 2];
        turn(pair[0], pair[1], angles.cos_r[i], angles.sin_r[i]);
      }
    }
  }
}

// H over bit `bit` of the lanes' numbers.
template <class K>
__device__ void mix_lanes(int lane, int bit, Values<K>& v_r) {
  const float mine = (lane >> bit & 1) == 0 ? 1.0F : -1.0F;
#pragma unroll
  for (int i = 0; i < 8 * K::slots; ++i) {
    float& v = v_r[i / 8][i % 8];
    v = fmaf(mine, v, __shfl_xor_sync(0xFFFFFFFFU, v, 1 << bit));
  }
}

// H over bit `bit` of a chunk's elements.
template <class K>
__device__ void mix_elements(int bit, Values<K>& v_r) {
#pragma unroll
  for (int i = 0; i < 8 * K::slots; ++i) {
    const int s = i / 8, e = i % 8;
    if ((e >> bit & 1) == 0) map::butterfly(v_r[s][e], v_r[s][e + (1 << bit)]);
  }
}

// H of 2^log2_block elements, unscaled.
template <class K>
__device__ void transform_head(const Args& a, int lane, Values<K>& v_r) {
  if constexpr (K::slots == 2) {
#pragma unroll
    for (int bit = 0; bit < 3; ++bit) mix_elements<K>(bit, v_r);
#pragma unroll
    for (int bit = 0; bit < K::log2_head - 4; ++bit) mix_lanes<K>(lane, bit, v_r);
#pragma unroll
    for (int e = 0; e < 8; ++e) map::butterfly(v_r[0][e], v_r[1][e]);
  } else {
#pragma unroll
    for (int bit = 0; bit < 3; ++bit) {
      if (bit < a.log2_block) mix_elements<K>(bit, v_r);
    }
    for (int bit = 3; bit < a.log2_block; ++bit) mix_lanes<K>(lane, bit - 3, v_r);
  }
}

// Flips the values of a chunk by 8 signs: the upper bits of bytes.
template <bool vectors>
__device__ void flip_chunk(const std::int8_t* signs_g, float (&v_r)[8]) {
  std::uint32_t signs_r[2];
  if constexpr (vectors) {
    const uint2 both = __ldg(reinterpret_cast<const uint2*>(signs_g));
    signs_r[0] = both.x;
    signs_r[1] = both.y;
  } else {
#pragma unroll
    for (int e = 0; e < 8; ++e) {
      const std::uint32_t byte = static_cast<std::uint8_t>(__ldg(signs_g + e));
      signs_r[e / 4] = e % 4 == 0 ? byte : signs_r[e / 4] | byte << (8 * (e % 4));
    }
  }
#pragma unroll
  for (int e = 0; e < 8; ++e) {
    const std::uint32_t sign = signs_r[e / 4] << (24 - 8 * (e % 4)) & 0x80000000U;
    v_r[e] = __uint_as_float(__float_as_uint(v_r[e]) ^ sign);
  }
}

// signs_g: (head_dim,) or null. Read anew for every head: held, they would take 8 registers.
template <class K>
__device__ void flip(const Args& a, const Place& at, const std::int8_t* signs_g, Values<K>& v_r) {
  if (signs_g == nullptr || !at.has_chunk()) return;
#pragma unroll
  for (int s = 0; s < K::slots; ++s) {
    flip_chunk<K::vectors>(signs_g + at.element + s * (K::head_dim(a) / 2), v_r[s]);
  }
}

}  // namespace halfbyte::cuda::rotary
