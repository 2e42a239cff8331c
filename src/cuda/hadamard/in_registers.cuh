// Rows of 8 ... 1024 elements (2048 with scales made here), several rows or one to a warp, in
// registers from load to store.
//
//   operands   x, y (rows, n) f16 or bf16, or codes in y; sums f32; pieces of 2^log2_n elements
//   a warp     a group of `tiles` tiles of 256 consecutive elements: 256 / n rows each, or together
//              one row or more of n > 256, whose bits 8 ... 10 are butterflies between tiles
//
//        group 0               group 1                    tile = 32 lanes x 8 elements (16 bytes)
//      | tile 0 | tile 1 | ..| tile 0 | tile 1 | ..       warp w takes group w
//
//   64 MB of f16 in, out: 128 MB at 4.3 TB/s (H200, copy) 31 us: 62 clocks of an SM, 248 issue
//   slots, a tile. one_rounding needs about 90 instructions a tile and warp, fast 65; the 6 (4) mma
//   12 (8) clocks.
//   in flight  a block has one group a warp and ends: blocks that stay and load ahead reach 3.87
//              TB/s of copying where these reach 4.05 (8 tiles) or 4.10 (4), see
//              bench/cuda/copy.cu. 16 blocks of 8 tiles an SM, 6 of 4: 64 and 48 KB; 4.3 TB/s with
//              800 ns of latency take 13 KB of reads. What follows a block is on its way to L2.
#pragma once

#include "cuda/hadamard/group_codes.cuh"
#include "cuda/hadamard/transform.cuh"

namespace halfbyte::cuda::hadamard {

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

template <class K>
__device__ void store_values(const Args& a, const LaneVectors& at, float (&v_r)[K::tiles][8]) {
#pragma unroll
  for (int t = 0; t < K::tiles; ++t) {
    if (!at.has(t)) continue;
    scale_values(a, v_r[t]);
    auto* const y_g = static_cast<std::uint16_t*>(a.y);
    store_rounded<typename K::Number>(y_g + offset_of<K::dense>(a, a.y_steps, at, t), v_r[t]);
  }
}

// Sums of a group into y.
template <class K>
__device__ void store_group(const Args& a, const LaneVectors& at, float given,
                            float (&v_r)[K::tiles][8]) {
  if (!K::dense && a.signs_after != nullptr) {
#pragma unroll
    for (int t = 0; t < K::tiles; ++t) {
      if (!at.has(t)) continue;
      flip_after(a.signs_after + a.vectors.place(at.vector(t)).column, v_r[t]);
    }
  }
  if (!K::dense && a.amax != nullptr) {
    std::uint32_t largest = 0;
#pragma unroll
    for (int t = 0; t < K::tiles; ++t) largest = max(largest, largest_bits(v_r[t]));
    raise_amax(a.amax, value_bits(a, largest), threadIdx.x % 32);
  }
  if constexpr (K::output == Output::given) {
    store_codes_with<K>(a, at, given, v_r);
  } else {
    if constexpr (K::output == Output::any) {
      if (a.kind != core::CodeKind::none) return store_codes_of<K>(a, at, given, v_r);
    }
    store_values<K>(a, at, v_r);
  }
}

template <class K>
__global__ void __launch_bounds__(32 * K::warps, K::blocks_per_sm)
    in_registers_kernel(const __grid_constant__ Args a) {
  using Number = typename K::Number;
  constexpr int tiles = K::tiles;
  const int lane = threadIdx.x % 32;
  const std::int64_t warp = static_cast<std::int64_t>(blockIdx.x) * K::warps + threadIdx.x / 32;
  const LaneVectors at(a, warp * K::group_vectors + lane);
  std::uint32_t x_r[tiles][4];
  ptx::wait_for_previous_kernel();
#pragma unroll
  for (int t = 0; t < tiles; ++t) load_tile<K::dense>(a, at, t, x_r[t]);
  ptx::start_next_kernel();
  constexpr int block_vectors = K::warps * static_cast<int>(K::group_vectors);
  prefetch_vectors(a, (std::int64_t{blockIdx.x} + a.ahead) * block_vectors, block_vectors);
  const float given = K::output == Output::values ? 0 : given_scale(a);
  // All loads are issued before anything waits for one; the matrices hide their latency.
  __syncwarp();
  const auto matrices = matrices_of<Number, K::one_rounding>(a.log2_n, ptx::opaque(lane));
  float v_r[tiles][8];
  if (!K::dense && a.signs_before != nullptr) {
#pragma unroll
    for (int t = 0; t < tiles; ++t) {
      if (at.has(t)) flip_before(a, at.vector(t), x_r[t]);
    }
  }
  if (tiles < 8 && a.log2_n < map::tile_log2 && any_nonfinite<Number>(x_r)) {
#pragma unroll
    for (int t = 0; t < tiles; ++t) {
      transform_nonfinite_tile(x_r[t], matrices, a.log2_n, lane, v_r[t]);
    }
  } else {
#pragma unroll
    for (int t = 0; t < tiles; ++t) transform_tile(x_r[t], matrices, v_r[t]);
  }
  map::transform_first_index(v_r, a.log2_n - map::tile_log2);
  store_group<K>(a, at, given, v_r);
}

}  // namespace halfbyte::cuda::hadamard
