// Pieces of q 2^p elements, q = 12 ... 172 and 2^p = 64 ... 1024: H of order q by matrix
// instructions on columns as they come from memory, then H of 2^p as in in_registers.cuh on what
// that leaves in shared memory.
//
//   phase 1, warp           shared memory           phase 2, warp
//   a chunk of 32 or 64     the piece in 16-bit     4 tiles of 256 at a time, mma, butterflies,
//   columns, all q rows:    numbers, and the rests  16-byte stores
//   B in registers, then
//   tile rows of A from
//   packed signs
//
//   x is exact in 16 bits, so that H_q takes one mma for each tile in both modes; what it leaves is
//   split for one rounding, which makes 8 mma a tile of 256 in phase 2 (4 in fast).
//   248 issue slots and 62 clocks of an SM are a tile of 256 at 4.3 TB/s. q = 28: 30 + 90
//   instructions, 5 + 4 mma. q = 172: 22 + 4 mma, which take 45 clocks at the peak.
//   in flight  all of a chunk: 8 KB (q = 28, 64 columns) a warp, 16 warps an SM.
//   shared     2 n bytes (4 n in one_rounding), 4 KB of signs: 53248 just fits into 227 KB.
#pragma once

#include "core/hadamard/order_tiles.h"
#include "cuda/hadamard/order.h"
#include "cuda/hadamard/order_columns.cuh"
#include "cuda/hadamard/row_codes.cuh"

namespace halfbyte::cuda::hadamard {

// Four units of shared memory, a tile each, back into values: H of 2^p on them.
template <class K>
__device__ void transform_tiles(const OrderArgs& o, const OrderShared& shared, int first, int tiles,
                                int lane, const OrderMatrices<K>& m, float (&v_r)[K::batch][8]) {
#pragma unroll
  for (int t = 0; t < K::batch; ++t) {
    // Beyond the last tile that tile once more, for nothing: a branch would part the four.
    const int unit = min(first + t, tiles - 1) * map::tile_vectors + lane;
    const auto* from_s =
        reinterpret_cast<const uint4*>(shared.numbers) + map::order_unit_place(unit, o.rows.log2_n);
    const uint4 x = *from_s;
    float sums_r[2][4];
    K::Number::multiply(sums_r[0], m.of_numbers.first, x.x, x.y);
    K::Number::multiply(sums_r[1], m.of_numbers.first, x.z, x.w);
    if constexpr (K::one_rounding) {
      const uint4 rest = from_s[shared.units];
      BF16::mma(sums_r[0], m.first_of_rests, rest.x, rest.y);
      BF16::mma(sums_r[1], m.first_of_rests, rest.z, rest.w);
    }
    finish_tile(sums_r, m.of_numbers, v_r[t]);
  }
  map::transform_first_index(v_r, o.rows.log2_n - map::tile_log2);
}

// Phase 2: calls f(tile, eight values).
template <class K, class F>
__device__ void for_each_vector(const OrderArgs& o, const OrderShared& shared, int tiles, F f) {
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, warps = blockDim.x / 32;
  const OrderMatrices<K> matrices(o.rows.log2_n, ptx::opaque(lane));
#pragma unroll 1
  for (int first = K::batch * warp; first < tiles; first += K::batch * warps) {
    float v_r[K::batch][8];
    transform_tiles(o, shared, first, tiles, lane, matrices, v_r);
#pragma unroll
    for (int t = 0; t < K::batch; ++t) {
      if (first + t < tiles) f(first + t, v_r[t]);
    }
  }
}

// Rows without gaps or signs, y in x's type.
template <class K>
__device__ void store_dense(const OrderArgs& o, const OrderShared& shared, std::int64_t vector,
                            int tiles) {
  auto* const y_g = static_cast<std::uint16_t*>(o.rows.y) + 8 * (vector + threadIdx.x % 32);
  for_each_vector<K>(o, shared, tiles, [&](int tile, float(&v_r)[8]) {
    scale_values(o.rows, v_r);
    store_rounded<typename K::Number>(y_g + tile * map::tile_elements, v_r);
  });
}

template <class K>
__device__ void store_any(const OrderArgs& o, const OrderShared& shared, std::int64_t vector,
                          int tiles) {
  const Args& a = o.rows;
  const bool codes = K::full && a.kind != core::CodeKind::none;
  const bool scale_of_piece = K::full && o.scale_of_piece;
  std::uint32_t bits = 0;
  float scale = codes && !scale_of_piece ? *a.scales : 1;
  // With a scale of the piece phase 2 runs twice: outputs have to wait for the largest.
#pragma unroll 1
  for (bool stores = !scale_of_piece;; stores = true) {
    for_each_vector<K>(o, shared, tiles, [&](int tile, float(&v_r)[8]) {
      const std::int64_t at = vector + tile * map::tile_vectors + threadIdx.x % 32;
      if (a.signs_after != nullptr) flip_after(a.signs_after + a.vectors.place(at).column, v_r);
      if (K::full) bits = max(bits, largest_bits(v_r));
      if (!stores) return;
      const std::int64_t to = a.vectors.offset(a.y_steps, at);
      if (codes) {
        const float factor = code_factor(a, scale, v_r);
        return with_kind(a.kind,
                         [&]<core::CodeKind kind>() { store_codes<kind>(a, to, factor, v_r); });
      }
      scale_values(a, v_r);
      store_rounded<typename K::Number>(static_cast<std::uint16_t*>(a.y) + to, v_r);
    });
    if (stores) break;
    const std::uint32_t largest = value_bits(a, largest_in_block(bits, blockDim.x));
    scale = core::scale_for(__uint_as_float(largest), a.kind);
    if (threadIdx.x == 0) a.scales[blockIdx.x] = scale;  // a block has one piece then
  }
  if (K::full && a.amax != nullptr) raise_amax(a.amax, value_bits(a, bits), threadIdx.x % 32);
}

template <class K>
__global__ void __launch_bounds__(32 * K::most_warps, 1)
    order_kernel(const __grid_constant__ OrderArgs o, const __grid_constant__ OrderSigns signs) {
  const int units = o.together * (o.q << o.rows.log2_n >> 3);
  auto* const numbers_s = ptx::dynamic_shared<std::uint8_t>();
  auto* const signs_s = reinterpret_cast<std::uint32_t*>(numbers_s + K::numbers * 16 * units);
  const OrderShared shared{numbers_s, signs_s, units};
  const int first_piece = blockIdx.x * o.together;
  const int pieces = min(o.together, o.pieces - first_piece);
  ptx::wait_for_previous_kernel();
  ptx::start_next_kernel();
  // fast: 73.9 us at 14336 without it and 76.6 with.
  if constexpr (K::one_rounding) {
    prefetch_vectors(o.rows, piece_vector(o, first_piece + o.rows.ahead * o.together), units);
  }
  sum_orders<K>(o, signs, shared, first_piece, pieces);
  __syncthreads();
  const std::int64_t vector = piece_vector(o, first_piece);
  const int tiles = pieces * (o.q << o.rows.log2_n >> map::tile_log2);
  if (!K::full && o.rows.y_steps.dense && o.rows.signs_after == nullptr) {
    return store_dense<K>(o, shared, vector, tiles);
  }
  store_any<K>(o, shared, vector, tiles);
}

}  // namespace halfbyte::cuda::hadamard
