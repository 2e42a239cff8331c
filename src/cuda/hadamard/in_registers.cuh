// Rows of 8 ... 2048 elements, several rows or one to a warp, in registers from load to store.
//
//   operands   x, y (rows, n) f16 or bf16, or codes in y; sums f32; pieces of 2^log2_n elements
//   a warp     a group of `tiles` tiles of 256 consecutive elements: 256 / n rows each, or together
//              one row or more of n > 256, whose bits 8 ... 10 are butterflies between tiles
//
//        group 0               group 1                    tile = 32 lanes x 8 elements (16 bytes)
//      | tile 0 | tile 1 | ..| tile 0 | tile 1 | ..       warp w takes groups w, w + warps, ...
//
//   64 MB of f16 in, out: 128 MB at 4.3 TB/s (H200, copy) 31 us: 62 clocks of an SM, 248 issue
//   slots, a tile. one_rounding needs about 95 instructions a tile and warp, fast 70; the 6 (4) mma
//   12 (8) clocks.
//   in flight  a lane loads a tile of its next group as soon as it has used that tile's registers:
//              tiles x 512 bytes a warp, 12 (8 tiles) or 20 (4) warps an SM: 40 ... 48 KB; copying
//              at 4.3 TB/s with 800 ns of latency takes 13 KB of reads.
#pragma once

#include "cuda/hadamard/transform.cuh"
#include "cuda/hadamard/vector.cuh"

namespace halfbyte::cuda::hadamard {

inline constexpr int warps_per_block = 4;
inline constexpr unsigned all_lanes = 0xFFFFFFFFU;

// lean: rows without gaps, no signs, y in x's type and no amax; else anything.
template <class NumberType, int tiles_, bool one_rounding_, bool lean_>
struct InRegisters {
  using Number = NumberType;
  static constexpr int tiles = tiles_;
  static constexpr bool one_rounding = one_rounding_;
  static constexpr bool lean = lean_;
  static constexpr std::int64_t group_vectors = tiles * map::tile_vectors;
  // 8 tiles have 64 sums and 32 words of the next group: 168 registers; 4 fit into 96, 2 into 64.
  // With all else 4 need 128.
  static constexpr int blocks_per_sm = tiles == 8 ? 3 : tiles == 4 ? (lean ? 5 : 4) : 8;
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
template <bool lean>
__device__ std::int64_t offset_of(const Args& a, const map::RowSteps& steps, const LaneVectors& at,
                                  int tile) {
  if constexpr (lean) return 8 * at.first + tile * map::tile_elements;
  return a.vectors.offset(steps, at.vector(tile));
}

// Zeros where there is no such vector: they change nothing and are not stored.
template <bool lean>
__device__ void load_tile(const Args& a, const LaneVectors& at, int tile, std::uint32_t (&x_r)[4]) {
#pragma unroll
  for (int q = 0; q < 4; ++q) x_r[q] = 0;
  if (!at.has(tile)) return;
  const auto* x_g = static_cast<const std::uint16_t*>(a.x);
  ptx::load_16_bytes_once(x_r, x_g + offset_of<lean>(a, a.x_steps, at, tile));
}

// Whether an element of the warp's is NaN or Inf: 0 times it is NaN.
template <class Number, int tiles>
__device__ bool any_nonfinite(const std::uint32_t (&x_r)[tiles][4]) {
  std::uint32_t sum = 0;
#pragma unroll
  for (int t = 0; t < tiles; ++t) {
#pragma unroll
    for (int q = 0; q < 4; ++q) sum = Number::fma(x_r[t][q], 0, sum);
  }
  return __any_sync(all_lanes, (sum & 0x7FFF7FFFU) != 0);
}

// Fewer than 256 elements: entries of A are 0, and 0 times another row's Inf would be NaN. So the
// matrices get the finite elements, as ever, and the others go through butterflies of additions:
// 0, Inf or NaN, which replaces the sum where it is not 0.
template <class Number, bool one_rounding>
__device__ void transform_nonfinite_tile(const std::uint32_t (&x_r)[4],
                                         const Matrices<Number, one_rounding>& m, int log2_n,
                                         int lane, float (&v_r)[8]) {
  std::uint32_t finite_r[4];
  float other_r[8];
#pragma unroll
  for (int q = 0; q < 4; ++q) {
    finite_r[q] = x_r[q];
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const float value = half == 0 ? Number::low(x_r[q]) : Number::high(x_r[q]);
      const bool is_finite = magnitude_bits(value) < 0x7F800000U;
      if (!is_finite) finite_r[q] &= half == 0 ? 0xFFFF0000U : 0x0000FFFFU;
      other_r[2 * q + half] = is_finite ? 0.0F : value;
    }
  }
  transform_tile(finite_r, m, v_r);
#pragma unroll
  for (int step = 1; step < 8; step *= 2) {
#pragma unroll
    for (int e = 0; e < 8; ++e) {
      if ((e & step) == 0) map::butterfly(other_r[e], other_r[e + step]);
    }
  }
  for (int bit = 3; bit < log2_n; ++bit) {
    const int step = 1 << (bit - 3);
#pragma unroll
    for (int e = 0; e < 8; ++e) {
      const float theirs = __shfl_xor_sync(all_lanes, other_r[e], step);
      other_r[e] = (lane & step) != 0 ? theirs - other_r[e] : other_r[e] + theirs;
    }
  }
#pragma unroll
  for (int e = 0; e < 8; ++e) {
    if (!(other_r[e] == 0)) v_r[e] = other_r[e];
  }
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

// Values of a group into y as codes; scales that are made here go to a.scales.
template <int tiles>
__device__ void store_codes_of(const Args& a, const LaneVectors& at, const float (&v_r)[tiles][8]) {
  std::uint32_t largest_r[tiles];
  if (a.log2_group >= 0) {
#pragma unroll
    for (int t = 0; t < tiles; ++t) largest_r[t] = largest_bits(v_r[t]);
    spread_largest(largest_r, a.log2_group);
  }
#pragma unroll
  for (int t = 0; t < tiles; ++t) {
    if (!at.has(t)) continue;
    float scale;
    if (a.log2_group < 0) {
      scale = *a.scales;
    } else {
      scale = core::scale_for(__uint_as_float(largest_r[t]), a.kind);
      const int log2_vectors = a.log2_group - 3;  // of a group of elements that share it
      const std::int64_t vector = at.vector(t);
      if ((vector & ((1 << log2_vectors) - 1)) == 0) a.scales[vector >> log2_vectors] = scale;
    }
    store_codes(a, offset_of<false>(a, a.y_steps, at, t), 1 / scale, v_r[t]);
  }
}

// Sums of a group into y.
template <class K>
__device__ void store_group(const Args& a, const LaneVectors& at, float (&v_r)[K::tiles][8],
                            std::uint32_t& largest) {
#pragma unroll
  for (int t = 0; t < K::tiles; ++t) {
    const std::int8_t* signs_g = nullptr;
    if (!K::lean && a.signs_after != nullptr && at.has(t)) {
      signs_g = a.signs_after + a.vectors.place(at.vector(t)).column;
    }
    finish_values(a, signs_g, v_r[t]);
    if (!K::lean && a.amax != nullptr) largest = max(largest, largest_bits(v_r[t]));
  }
  if (!K::lean && a.kind != core::CodeKind::none) return store_codes_of(a, at, v_r);
#pragma unroll
  for (int t = 0; t < K::tiles; ++t) {
    if (!at.has(t)) continue;
    auto* const y_g = static_cast<std::uint16_t*>(a.y);
    store_rounded<typename K::Number>(y_g + offset_of<K::lean>(a, a.y_steps, at, t), v_r[t]);
  }
}

template <class K>
__global__ void __launch_bounds__(32 * warps_per_block, K::blocks_per_sm)
    in_registers_kernel(const __grid_constant__ Args a) {
  using Number = typename K::Number;
  constexpr int tiles = K::tiles;
  ptx::start_next_kernel();
  const int lane = threadIdx.x % 32;
  const std::int64_t warp =
      static_cast<std::int64_t>(blockIdx.x) * warps_per_block + threadIdx.x / 32;
  const std::int64_t step =
      static_cast<std::int64_t>(gridDim.x) * warps_per_block * K::group_vectors;
  std::uint32_t largest = 0;

  std::int64_t first = warp * K::group_vectors;  // of the group: the same for the whole warp
  std::uint32_t x_r[tiles][4];
  const LaneVectors at_start(a, first + lane);
  ptx::wait_for_previous_kernel();
#pragma unroll
  for (int t = 0; t < tiles; ++t) load_tile<K::lean>(a, at_start, t, x_r[t]);
  // After the loads, whose latency hides it.
  const auto matrices = matrices_of<Number, K::one_rounding>(a.log2_n, ptx::opaque(lane));
  for (; first < a.vectors.count; first += step) {
    const LaneVectors at(a, first + lane), ahead(a, first + lane + step);
    float v_r[tiles][8];
    if (!K::lean && a.signs_before != nullptr) {
#pragma unroll
      for (int t = 0; t < tiles; ++t) {
        if (at.has(t)) flip_before(a, at.vector(t), x_r[t]);
      }
    }
    if (tiles < 8 && a.log2_n < map::tile_log2 && any_nonfinite<Number>(x_r)) {
#pragma unroll
      for (int t = 0; t < tiles; ++t) {
        transform_nonfinite_tile(x_r[t], matrices, a.log2_n, lane, v_r[t]);
        load_tile<K::lean>(a, ahead, t, x_r[t]);
      }
    } else {
#pragma unroll
      for (int t = 0; t < tiles; ++t) {
        transform_tile(x_r[t], matrices, v_r[t]);
        load_tile<K::lean>(a, ahead, t, x_r[t]);
      }
    }
    map::transform_first_index(v_r, a.log2_n - map::tile_log2);
    store_group<K>(a, at, v_r, largest);
  }
  if (!K::lean && a.amax != nullptr) raise_amax(a.amax, largest, lane);
}

}  // namespace halfbyte::cuda::hadamard
