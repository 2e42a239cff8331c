// What a lane holds of a head, brought from x; and the cos and sin that turn it.
#pragma once

#include <cstdint>

#include "cuda/ptx.cuh"
#include "cuda/rotary/args.h"

namespace halfbyte::cuda::rotary {

namespace map = core::hadamard;

// Two slots: heads of 2^log2_head, transformed and rotated whole, so that a lane has both elements
// of a pair. One slot (log2_head 0): the rest; a lane loads the other elements of its pairs as
// well.
template <class NumberType, int log2_head_, bool vectors_>
struct Heads {
  using Number = NumberType;
  static constexpr int log2_head = log2_head_;
  static constexpr int slots = log2_head > 0 ? 2 : 1;
  static constexpr bool vectors = vectors_;  // 16-byte loads and stores
  static_assert(vectors || slots == 1);

  static __device__ int head_dim(const Args& a) { return slots == 2 ? 1 << log2_head : a.head_dim; }
  static __device__ int log2_lanes(const Args& a) {
    return slots == 2 ? log2_head - 4 : a.log2_lanes;
  }
  static __device__ std::int64_t step(const Steps& steps) { return vectors ? 1 : steps.element; }
};

// A lane's place among the heads that its warp holds at once.
struct Place {
  int head;
  int element;  // first of slot 0 in its head; negative: the lane holds nothing

  __device__ bool has_chunk() const { return element >= 0; }
};

template <class K>
__device__ Place place_of(const Args& a, int lane) {
  const int lane_of_head = lane & ((1 << K::log2_lanes(a)) - 1);
  return {lane >> K::log2_lanes(a),
          map::chunk_elements * map::chunk_of(K::head_dim(a), K::slots, lane_of_head, 0)};
}

// 16-bit elements by pairs: of slots 0 and 1, or of slot 0 and what they are turned with.
using Words = std::uint32_t[2][4];
template <class K>
using Values = float[K::slots][8];

// The element that element j is turned with, or -1.
__device__ inline int partner_of(const Args& a, int j) {
  if (j >= a.rotary_dim) return -1;
  if (!a.halves) return j ^ 1;
  const int half = a.rotary_dim / 2;
  return j < half ? j + half : j - half;
}

__device__ inline void load_vector(const std::uint16_t* from_g, std::uint32_t (&words)[4]) {
  const uint4 all = *reinterpret_cast<const uint4*>(from_g);
  words[0] = all.x;
  words[1] = all.y;
  words[2] = all.z;
  words[3] = all.w;
}

// element(e) of a head for e = 0 ... 7, zero where it is negative.
template <class F>
__device__ void gather(const std::uint16_t* head_g, std::int64_t step, const F& element,
                       std::uint32_t (&words)[4]) {
#pragma unroll
  for (int e = 0; e < 8; ++e) {
    const int j = element(e);
    const std::uint32_t bits = j < 0 ? 0 : head_g[j * step];
    words[e / 2] = e % 2 == 0 ? bits : words[e / 2] | bits << 16;
  }
}

template <class K>
__device__ void load_head(const Args& a, const Place& at, const std::uint16_t* head_g,
                          bool has_head, Words& x_r) {
#pragma unroll
  for (int w = 0; w < 4; ++w) x_r[0][w] = x_r[1][w] = 0;
  if (!has_head || !at.has_chunk()) return;
  if constexpr (K::slots == 2) {
    ptx::load_16_bytes_once(x_r[0], head_g + at.element);
    ptx::load_16_bytes_once(x_r[1], head_g + at.element + K::head_dim(a) / 2);
  } else if constexpr (K::vectors) {  // chunks are turned whole or not at all
    load_vector(head_g + at.element, x_r[0]);
    const int partner = partner_of(a, at.element);
    if (partner >= 0 && a.halves) load_vector(head_g + partner, x_r[1]);
    if (partner >= 0 && !a.halves) {
#pragma unroll
      for (int w = 0; w < 4; ++w) x_r[1][w] = __byte_perm(x_r[0][w], 0, 0x1032);
    }
  } else {
    const std::int64_t step = a.x_steps.element;
    gather(head_g, step, [&](int e) { return at.element + e; }, x_r[0]);
    gather(head_g, step, [&](int e) { return partner_of(a, at.element + e); }, x_r[1]);
  }
}

__device__ inline std::int64_t position_of(const Args& a, std::int64_t token) {
  if (a.positions == nullptr) return token;
  const std::int64_t at = token * a.positions_step;
  if (a.positions_are_i64) return __ldg(static_cast<const long long*>(a.positions) + at);
  return __ldg(static_cast<const std::int32_t*>(a.positions) + at);
}

// cos and sin for a lane. Two slots: of pair e (halves), or of pair e % 4 of slot e / 4 (adjacent).
// One slot: of element e, sin with the sign that it gets there; 1 and 0 where nothing turns.
struct Angles {
  float cos_r[8], sin_r[8];
};

// Of one slot's element j. Outside of the tables NaN.
__device__ inline void load_angle(const Args& a, int j, const float* cos_g, const float* sin_g,
                                  bool in_tables, float& cos, float& sin) {
  const int partner = partner_of(a, j);
  cos = 1;
  sin = 0;
  if (partner < 0) return;
  const bool is_first = partner > j;
  const int pair = !a.halves ? j / 2 : is_first ? j : partner;
  cos = in_tables ? __ldg(cos_g + pair) : __uint_as_float(0x7FC00000U);
  sin = in_tables ? __ldg(sin_g + pair) : cos;
  if (is_first) sin = -sin;
}

template <class K>
__device__ void load_angles(const Args& a, const Place& at, std::int64_t position, Angles& angles) {
  const bool in_tables = position >= 0 && position < a.table_rows;
  const float* const cos_g = a.cos + position * a.cos_step;
  const float* const sin_g = a.sin + position * a.sin_step;
  if constexpr (K::slots == 1) {
#pragma unroll
    for (int e = 0; e < 8; ++e) {
      const int j = at.has_chunk() ? at.element + e : a.head_dim;  // turned with nothing
      load_angle(a, j, cos_g, sin_g, in_tables, angles.cos_r[e], angles.sin_r[e]);
    }
  } else if (in_tables) {
    // Pairs first ... first + 3, and `second` further.
    const int first = a.halves ? at.element : at.element / 2;
    const int second = a.halves ? 4 : K::head_dim(a) / 4;
    const float* const from_g[4] = {cos_g + first, cos_g + first + second, sin_g + first,
                                    sin_g + first + second};
#pragma unroll
    for (int e = 0; e < 8; ++e) {
      angles.cos_r[e] = __ldg(from_g[e / 4] + e % 4);
      angles.sin_r[e] = __ldg(from_g[2 + e / 4] + e % 4);
    }
  } else {
#pragma unroll
    for (int e = 0; e < 8; ++e) angles.cos_r[e] = angles.sin_r[e] = __uint_as_float(0x7FC00000U);
  }
}

}  // namespace halfbyte::cuda::rotary
