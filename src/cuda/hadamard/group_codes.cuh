// A warp's group of tiles in in_registers.cuh: where its vectors lie, and its values as codes.
#pragma once

#include "core/hadamard/tile.h"
#include "cuda/hadamard/vector.cuh"

namespace halfbyte::cuda::hadamard {

namespace map = core::hadamard;

inline constexpr unsigned all_lanes = 0xFFFFFFFFU;

// What a kernel takes beside rows without gaps, signs or amax: nothing, codes of a given scale,
// codes of any, or all of it.
enum class Extent { lean, given, codes, full };

template <class NumberType, int tiles_, bool one_rounding_, Extent extent_>
struct InRegisters {
  using Number = NumberType;
  static constexpr int tiles = tiles_;
  static constexpr bool one_rounding = one_rounding_;
  static constexpr bool dense = extent_ != Extent::full;
  static constexpr Output output = extent_ == Extent::lean    ? Output::values
                                   : extent_ == Extent::given ? Output::given
                                                              : Output::any;
  static constexpr std::int64_t group_vectors = tiles * map::tile_vectors;
  // 8 tiles have 64 sums and 32 words of x: 128 registers (96 spill). 4 tiles fit into 80, 2 into
  // 64.
  static constexpr int warps = tiles == 8 ? 1 : 4;  // of a block
  static constexpr int blocks_per_sm = tiles == 8 ? 16 : tiles == 4 ? (dense ? 6 : 4) : 8;
};

// A lane's vectors of a group: one of each tile.
struct LaneVectors {
  std::int64_t first;  // of tile 0
  int left;            // vectors from the first to the end, at most 2^30

  __device__ LaneVectors(const Args& a, std::int64_t vector)
      : first(vector),
        left(static_cast<int>(min(a.vectors.count - vector, std::int64_t{1} << 30))) {}
  __device__ bool has(int tile) const { return tile * map::tile_vectors < left; }
  __device__ std::int64_t vector(int tile) const { return first + tile * map::tile_vectors; }
};

// Where a tile's vector lies, in elements.
template <bool dense>
__device__ std::int64_t offset_of(const Args& a, const map::RowSteps& steps, const LaneVectors& at,
                                  int tile) {
  if constexpr (dense) return 8 * at.first + tile * map::tile_elements;
  return a.vectors.offset(steps, at.vector(tile));
}

// Zeros where there is no such vector: they change nothing and are not stored.
template <bool dense>
__device__ void load_tile(const Args& a, const LaneVectors& at, int tile, std::uint32_t (&x_r)[4]) {
#pragma unroll
  for (int q = 0; q < 4; ++q) x_r[q] = 0;
  if (!at.has(tile)) return;
  const auto* x_g = static_cast<const std::uint16_t*>(a.x);
  ptx::load_16_bytes_once(x_r, x_g + offset_of<dense>(a, a.x_steps, at, tile));
}

// largest_r[t] becomes the largest of its group of 2^log2_group elements.
template <int tiles>
__device__ void spread_largest(std::uint32_t (&largest_r)[tiles], int log2_group) {
#pragma unroll
  for (int step = 1, bit = map::tile_log2; step < tiles; step *= 2, ++bit) {
    if (bit >= log2_group) break;
#pragma unroll
    for (int t = 0; t < tiles; ++t) {
      if ((t & step) == 0) largest_r[t] = max(largest_r[t], largest_r[t + step]);
    }
#pragma unroll
    for (int t = 0; t < tiles; ++t) {
      if ((t & step) != 0) largest_r[t] = largest_r[t - step];
    }
  }
#pragma unroll
  for (int t = 0; t < tiles; ++t) {
    for (int bit = 3; bit < map::tile_log2 && bit < log2_group; ++bit) {
      largest_r[t] = max(largest_r[t], __shfl_xor_sync(all_lanes, largest_r[t], 1 << (bit - 3)));
    }
  }
}

// The scale of the whole group of tiles, where its elements share one: given, or made of all.
template <class K>
__device__ float scale_of_group(const Args& a, const LaneVectors& at, float given,
                                const float (&v_r)[K::tiles][8]) {
  if (a.log2_group < 0) return given;
  std::uint32_t largest = 0;
#pragma unroll
  for (int t = 0; t < K::tiles; ++t) largest = max(largest, largest_bits(v_r[t]));
  largest = value_bits(a, __reduce_max_sync(all_lanes, largest));
  const float scale = core::scale_for(__uint_as_float(largest), a.kind);
  const int log2_vectors = a.log2_group - 3;
  if (threadIdx.x % 32 == 0 && at.has(0)) a.scales[at.first >> log2_vectors] = scale;
  return scale;
}

// Sums of a group into y as codes of one scale.
template <class K>
__device__ void store_codes_with(const Args& a, const LaneVectors& at, float scale,
                                 float (&v_r)[K::tiles][8]) {
  const float factor = code_factor(a, scale, v_r);
  with_kind(a.kind, [&]<core::CodeKind kind>() {
#pragma unroll
    for (int t = 0; t < K::tiles; ++t) {
      if (!at.has(t)) continue;
      store_codes<kind>(a, offset_of<K::dense>(a, a.y_steps, at, t), factor, v_r[t]);
    }
  });
}

// The same of any; scales that are made here go to a.scales.
template <class K>
__device__ void store_codes_of(const Args& a, const LaneVectors& at, float given,
                               float (&v_r)[K::tiles][8]) {
  constexpr int tiles = K::tiles;
  if (a.log2_group < 0 || a.log2_group == map::tile_log2 + map::log2_of(tiles)) {
    return store_codes_with<K>(a, at, scale_of_group<K>(a, at, given, v_r), v_r);
  }
  std::uint32_t largest_r[tiles];
#pragma unroll
  for (int t = 0; t < tiles; ++t) largest_r[t] = largest_bits(v_r[t]);
  spread_largest(largest_r, a.log2_group);
  with_kind(a.kind, [&]<core::CodeKind kind>() {
#pragma unroll
    for (int t = 0; t < tiles; ++t) {
      if (!at.has(t)) continue;
      const float scale = core::scale_for(__uint_as_float(value_bits(a, largest_r[t])), kind);
      const int log2_vectors = a.log2_group - 3;  // of a group of elements that share it
      const std::int64_t vector = at.vector(t);
      if ((vector & ((1 << log2_vectors) - 1)) == 0) a.scales[vector >> log2_vectors] = scale;
      const float factor = code_factor(a, scale, v_r[t]);
      store_codes<kind>(a, offset_of<K::dense>(a, a.y_steps, at, t), factor, v_r[t]);
    }
  });
}

}  // namespace halfbyte::cuda::hadamard
