// Pieces of q 2^p elements, q = 12 ... 172 and 2^p = 16 ... 1024: H of 2^p as in in_registers.cuh,
// then H of order q by matrix instructions on what that leaves in shared memory.
//
//   phase 1, warp          shared memory          phase 2, warp
//   4 tiles of 256 at a    q rows of 2^p 16-bit   16 columns: all of B in registers, then tile
//   time, mma, butterflies numbers, and the rests rows of A from packed signs, C to y
//
//   q = 172, p = 6, 64 MB of f16 in, out: 62 clocks of an SM a tile of 256 at 4.3 TB/s. Phase 2 has
//   11 x 11 x 8 mma for 43 tiles: 22 a tile and 44 clocks in fast, twice that in one_rounding,
//   which the tensor cores bound; 5 (4) instructions an mma. q = 28: 5 (9) mma a tile.
//   shared     2 n bytes (4 n in one_rounding), 4 KB of signs: 53248 just fits into 227 KB.
#pragma once

#include "core/hadamard/order_tiles.h"
#include "cuda/hadamard/order.h"
#include "cuda/hadamard/row_codes.cuh"

namespace halfbyte::cuda::hadamard {

template <class NumberType, int most_tiles_, bool one_rounding_>
struct Order {
  using Number = NumberType;
  static constexpr int most_tiles = most_tiles_;  // ceil(q / 16) at most
  static constexpr bool one_rounding = one_rounding_;
  static constexpr int batch = 4;                       // tiles that a warp transforms together
  static constexpr int numbers = one_rounding ? 2 : 1;  // for each element
  // B takes 4 registers a tile and number: 88 at most.
  static constexpr int blocks_per_sm = most_tiles * numbers > 11 ? 1 : 2;
};

struct OrderShared {
  std::uint8_t* values;  // q rows of 2^p, and after them the rests
  std::uint32_t* signs;
  void* zeros;  // a unit of them
};

// Where a piece of x begins, in elements; and its tiles.
__device__ inline std::int64_t piece_vector(const OrderArgs& o, int piece) {
  return static_cast<std::int64_t>(piece) * (o.q << (o.rows.log2_n - 3));
}

// The 16-bit numbers of a lane's eight sums to their places in shared memory.
template <class K>
__device__ void write_numbers(const OrderArgs& o, const OrderShared& shared, int tile, int lane,
                              const float (&v_r)[8]) {
  using Number = typename K::Number;
  const int p = o.rows.log2_n;
  const int element = tile * map::tile_elements + 8 * lane;
  const int a = element >> p, c = element & ((1 << p) - 1);
  std::uint32_t words_r[K::numbers][4];
#pragma unroll
  for (int w = 0; w < 4; ++w) {
    const float low = v_r[2 * w], high = v_r[2 * w + 1];
    words_r[0][w] = Number::pair(low, high);
    if constexpr (K::one_rounding) {
      words_r[1][w] = rest_pair<Number>(low, high, words_r[0][w]);
    }
  }
#pragma unroll
  for (int j = 0; j < 2; ++j) {  // columns c + 2j and c + 2j + 4, with their neighbours
    const map::OrderColumn at = map::order_column(c + 2 * j, p);
    std::uint8_t* const to_s =
        shared.values + 16 * map::order_unit_place(a, at.unit, p) + 2 * at.number;
#pragma unroll
    for (int n = 0; n < K::numbers; ++n) {
      *reinterpret_cast<uint2*>(to_s + n * (o.q << (p + 1))) = {words_r[n][j], words_r[n][j + 2]};
    }
  }
}

template <class K>
__device__ void transform_columns_of_rows(const OrderArgs& o, const OrderShared& shared,
                                          int piece) {
  using Number = typename K::Number;
  const Args& a = o.rows;
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const int tiles = o.q << a.log2_n >> map::tile_log2;
  // Opaque: kept through phase 2, they would take 12 registers.
  const auto matrices = matrices_of<Number, K::one_rounding>(ptx::opaque(a.log2_n), lane);
  const std::int64_t vector = piece_vector(o, piece);
  const auto* x_g =
      static_cast<const std::uint16_t*>(a.x) + a.vectors.offset(a.x_steps, vector) + 8 * lane;
#pragma unroll 1
  for (int first = K::batch * warp; first < tiles; first += K::batch * order_warps) {
    std::uint32_t x_r[K::batch][4] = {};
    float v_r[K::batch][8];
#pragma unroll
    for (int t = 0; t < K::batch; ++t) {
      if (first + t < tiles) {
        ptx::load_16_bytes_once(x_r[t], x_g + (first + t) * map::tile_elements);
      }
    }
    if (a.signs_before != nullptr) {
#pragma unroll
      for (int t = 0; t < K::batch; ++t) {
        if (first + t < tiles) {
          flip_before(a, vector + (first + t) * map::tile_vectors + lane, x_r[t]);
        }
      }
    }
#pragma unroll
    for (int t = 0; t < K::batch; ++t) transform_tile(x_r[t], matrices, v_r[t]);
    map::transform_first_index(v_r, a.log2_n - map::tile_log2);
#pragma unroll
    for (int t = 0; t < K::batch; ++t) {
      if (first + t < tiles) write_numbers<K>(o, shared, first + t, lane, v_r[t]);
    }
  }
}

// B of 16 columns: [number][tile of k][fragment and register].
template <class K>
struct OrderColumns {
  std::uint32_t words_r[K::numbers][K::most_tiles][4];
};

template <class K>
__device__ void read_columns_of(const OrderArgs& o, const OrderShared& shared, int step, int lane,
                                OrderColumns<K>& b) {
  const int p = o.rows.log2_n;
#pragma unroll
  for (int k = 0; k < K::most_tiles; ++k) {
    if (16 * k >= o.q) break;
    // Lanes 0 ... 7 name rows 0 ... 7 of fragment 0, 8 ... 15 rows 8 ... 15, then fragment 1.
    const int a = 16 * k + lane % 16, j = lane / 16;
    const std::uint8_t* const from_s =
        shared.values + 16 * map::order_unit_place(a, map::order_unit(step, j, p), p);
#pragma unroll
    for (int n = 0; n < K::numbers; ++n) {
      ptx::load_matrices_transposed(b.words_r[n][k],
                                    a < o.q ? from_s + n * (o.q << (p + 1)) : shared.zeros);
    }
  }
}

// Rows 16 `tile` ... + 15 of H_q times 16 columns: [fragment][register].
template <class K>
__device__ void multiply_order(const OrderArgs& o, const OrderShared& shared, int tile, int lane,
                               const OrderColumns<K>& b, float (&sums_r)[2][4]) {
  using Number = typename K::Number;
  const int tiles = map::order_tiles(o.q);
#pragma unroll
  for (int k = 0; k < K::most_tiles; ++k) {
    if (k >= tiles) break;
    const map::SignBits first = map::sign_bits(tile * tiles + k, 0);
    const std::uint32_t signs = shared.signs[32 * first.word + lane];
#pragma unroll
    for (int n = 0; n < K::numbers; ++n) {
      const std::uint32_t one = n == 0 ? Number::power(0) : map::bf16_power(0);
      std::uint32_t a_r[4];
#pragma unroll
      for (int r = 0; r < 4; ++r) {
        a_r[r] = (signs << (first.shift + r) & 0x80008000U) | one << 16 | one;
      }
#pragma unroll
      for (int j = 0; j < 2; ++j) {
        const auto& b_r = b.words_r[n][k];
        if (n == 0) {
          Number::mma(sums_r[j], a_r, b_r[2 * j], b_r[2 * j + 1]);
        } else {
          BF16::mma(sums_r[j], a_r, b_r[2 * j], b_r[2 * j + 1]);
        }
      }
    }
  }
}

// Phase 2: calls f(element of the piece, four values from there on).
template <class K, class F>
__device__ void for_each_four(const OrderArgs& o, const OrderShared& shared, const RowOut& out,
                              F f) {
  const Args& a = o.rows;
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const int steps = 1 << (a.log2_n - 4), tiles = map::order_tiles(o.q);
  const int parts = steps < order_warps ? order_warps / steps : 1;  // of the rows of A
#pragma unroll 1  // unrolled, the registers of B would be there twice
  for (int item = warp; item < steps * parts; item += order_warps) {
    const int step = item % steps;
    OrderColumns<K> b;
    // Opaque: the places of all tiles, kept from one step to the next, would take 22 registers.
    read_columns_of<K>(o, shared, step, ptx::opaque(lane), b);
#pragma unroll 1
    for (int tile = item / steps; tile < tiles; tile += parts) {
      float sums_r[2][4] = {};
      multiply_order<K>(o, shared, tile, lane, b, sums_r);
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int row = 16 * tile + lane / 4 + 8 * half;
        if (row >= o.q) continue;
        const int element = (row << a.log2_n) + map::order_step_columns * step + lane % 4 * 4;
        float v_r[4] = {sums_r[0][2 * half], sums_r[0][2 * half + 1], sums_r[1][2 * half],
                        sums_r[1][2 * half + 1]};
        finish_values(a, out.signs == nullptr ? nullptr : out.signs + element, v_r);
        f(element, v_r);
      }
    }
  }
}

template <class K>
__device__ void store_piece(const OrderArgs& o, const OrderShared& shared, int piece) {
  const Args& a = o.rows;
  const std::int64_t vector = piece_vector(o, piece);
  RowOut out{a.scales + piece, a.vectors.offset(a.y_steps, vector), nullptr};
  if (a.signs_after != nullptr) out.signs = a.signs_after + a.vectors.place(vector).column;
  const bool codes = a.kind != core::CodeKind::none;
  std::uint32_t bits = 0;
  float inverse = codes && !o.scale_of_piece ? 1 / __ldg(a.scales) : 1;
  // With a scale of the piece all products are made twice: outputs have to wait for the largest.
#pragma unroll 1
  for (bool stores = !o.scale_of_piece;; stores = true) {
    for_each_four<K>(o, shared, out, [&](int element, const float(&v_r)[4]) {
      bits = max(bits, largest_bits(v_r));
      if (!stores) return;
      if (codes) return store_codes(a, out.y + element, inverse, v_r);
      store_rounded<typename K::Number>(static_cast<std::uint16_t*>(a.y) + out.y + element, v_r);
    });
    if (stores) break;
    const std::uint32_t largest = largest_in_block(bits, 32 * order_warps);
    const float scale = core::scale_for(__uint_as_float(largest), a.kind);
    if (threadIdx.x == 0) *out.scales = scale;
    inverse = 1 / scale;
  }
  if (a.amax != nullptr) raise_amax(a.amax, bits, threadIdx.x % 32);
}

template <class K>
__global__ void __launch_bounds__(32 * order_warps, K::blocks_per_sm)
    order_kernel(const __grid_constant__ OrderArgs o, const __grid_constant__ OrderSigns signs) {
  auto* const values_s = ptx::dynamic_shared<std::uint8_t>();
  const int words = 32 * map::sign_words_of(o.q);
  std::uint8_t* const signs_s = values_s + K::numbers * (o.q << (o.rows.log2_n + 1));
  const OrderShared shared{values_s, reinterpret_cast<std::uint32_t*>(signs_s),
                           signs_s + 4 * words};
  for (int i = threadIdx.x; i < words; i += 32 * order_warps) shared.signs[i] = signs.words[i];
  if (threadIdx.x == 0) *static_cast<uint4*>(shared.zeros) = {0, 0, 0, 0};
  for (int piece = blockIdx.x; piece < o.pieces; piece += gridDim.x) {
    transform_columns_of_rows<K>(o, shared, piece);
    __syncthreads();
    store_piece<K>(o, shared, piece);
    __syncthreads();
  }
}

}  // namespace halfbyte::cuda::hadamard
