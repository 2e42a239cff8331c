// H of order q on columns of pieces, from global to shared memory: core/hadamard/order_tiles.h.
#pragma once

#include "core/hadamard/order_tiles.h"
#include "cuda/hadamard/order.h"
#include "cuda/hadamard/transform.cuh"
#include "cuda/hadamard/vector.cuh"

namespace halfbyte::cuda::hadamard {

template <class NumberType, int most_tiles_, bool one_rounding_, bool full_>
struct Order {
  using Number = NumberType;
  static constexpr int most_tiles = most_tiles_;  // ceil(q / 16) at most
  static constexpr bool one_rounding = one_rounding_;
  static constexpr bool full = full_;                   // codes or amax; else only y in x's type
  static constexpr int width = most_tiles > 2 ? 4 : 8;  // columns of a lane: B takes 2 registers
  static constexpr int chunk = 8 * width;               // each for a tile of k, 88 at most
  static constexpr int batch = 4;                       // tiles of 256 that a warp has in phase 2
  static constexpr int numbers = one_rounding ? 2 : 1;  // for each element
  static constexpr int sign_words = map::sign_row_words(most_tiles);  // of a row of tiles
  // Of an SM, and of a block: 96, 128 or 168 registers a thread, with which nothing spills.
  static constexpr int most_warps = most_tiles > 4 ? 12 : full ? 16 : 20;
};

struct OrderShared {
  std::uint8_t* numbers;  // of the block's pieces, and after them the rests
  std::uint32_t* signs;
  int units;  // of 16 bytes that the numbers take
};

// From the kernel's arguments: by an address that the compiler does not see through, for loads of
// constants take a lane after the other.
__device__ inline void copy_signs(const OrderArgs& o, const OrderSigns& signs,
                                  const OrderShared& shared) {
  const std::uint32_t* const from = ptx::opaque(signs.words);
  const int words = 32 * map::sign_words_of(o.q);
#pragma unroll 1
  for (int i = 4 * threadIdx.x; i < words; i += 4 * blockDim.x) {
    *reinterpret_cast<uint4*>(shared.signs + i) = *reinterpret_cast<const uint4*>(from + i);
  }
}

// The matrices of phase 2.
template <class K>
struct OrderMatrices {
  Matrices<typename K::Number, K::one_rounding> of_numbers;
  std::uint32_t first_of_rests[K::one_rounding ? 4 : 1];

  __device__ OrderMatrices(int log2_n, int lane)
      : of_numbers(matrices_of<typename K::Number, K::one_rounding>(log2_n, lane)) {
    if constexpr (K::one_rounding) {
      const map::Masks masks = map::masks_of(log2_n);
      const std::uint32_t power = map::bf16_power(map::exponents_of(log2_n).first);
      a_words(masks.first, power, lane, first_of_rests);
    }
  }
};

// The first vector of a piece.
__device__ inline std::int64_t piece_vector(const OrderArgs& o, int piece) {
  return static_cast<std::int64_t>(piece) * (o.q << (o.rows.log2_n - 3));
}

// `width` columns of a row.
template <class K>
__device__ void load_columns(const std::uint16_t* x_g, std::uint32_t (&x_r)[K::width / 2]) {
  if constexpr (K::width == 8) {
    ptx::load_16_bytes_once(x_r, x_g);
  } else {
    const uint2 two = *reinterpret_cast<const uint2*>(x_g);
    x_r[0] = two.x;
    x_r[1] = two.y;
  }
}

template <class K>
__device__ void flip_columns(const std::int8_t* signs_g, std::uint32_t (&x_r)[K::width / 2]) {
  const auto* const words_g = reinterpret_cast<const std::uint32_t*>(signs_g);
#pragma unroll
  for (int w = 0; w < K::width / 4; ++w) {
    x_r[2 * w] ^= sign_masks<0>(words_g[w]);
    x_r[2 * w + 1] ^= sign_masks<2>(words_g[w]);
  }
}

// A chunk as it comes: [tile of k][row of order_row][word].
template <class K>
using OrderRows = std::uint32_t[K::most_tiles][4][K::width / 2];

// B of a chunk: [tile of k][rows 0 ... 7 or 8 ... 15][fragment].
template <class K>
struct OrderColumns {
  std::uint32_t words_r[K::most_tiles][2][K::width];
};

// Calls f(tile of k, r, element of the chunk's row from column 0 of the piece on). Rows beyond q
// are row 0 once more, until arrange_rows makes zeros of them.
template <class K, class F>
__device__ void for_each_order_row(const OrderArgs& o, int lane, F f) {
#pragma unroll
  for (int k = 0; k < K::most_tiles; ++k) {
#pragma unroll
    for (int r = 0; r < 4; ++r) {
      const int row = 16 * k + map::order_row(lane % 4, r);
      f(k, r, (row < o.q ? row : 0) << o.rows.log2_n);
    }
  }
}

// Without a branch: all loads are in flight at once.
template <class K>
__device__ void load_rows(const OrderArgs& o, int piece, int column, int lane, OrderRows<K>& x_r) {
  const Args& a = o.rows;
  const auto* const x_g = static_cast<const std::uint16_t*>(a.x) +
                          a.vectors.offset(a.x_steps, piece_vector(o, piece)) + column;
  for_each_order_row<K>(o, lane,
                        [&](int k, int r, int at) { load_columns<K>(x_g + at, x_r[k][r]); });
}

template <class K>
__device__ void flip_rows(const OrderArgs& o, int piece, int column, int lane, OrderRows<K>& x_r) {
  const Args& a = o.rows;
  const std::int8_t* const signs_g =
      a.signs_before + a.vectors.place(piece_vector(o, piece)).column + column;
  for_each_order_row<K>(o, lane,
                        [&](int k, int r, int at) { flip_columns<K>(signs_g + at, x_r[k][r]); });
}

template <class K>
__device__ void arrange_rows(const OrderArgs& o, int lane, const OrderRows<K>& x_r,
                             OrderColumns<K>& b) {
#pragma unroll
  for (int k = 0; k < K::most_tiles; ++k) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      // q is a multiple of four: the pair of rows is within it or beyond it.
      const bool is_row = 16 * k + map::order_row(lane % 4, 2 * half) < o.q;
#pragma unroll
      for (int w = 0; w < K::width / 2; ++w) {
        const std::uint32_t even = is_row ? x_r[k][2 * half][w] : 0;
        const std::uint32_t odd = is_row ? x_r[k][2 * half + 1][w] : 0;
        b.words_r[k][half][2 * w] = ptx::permute_bytes<0x5410>(even, odd);
        b.words_r[k][half][2 * w + 1] = ptx::permute_bytes<0x7632>(even, odd);
      }
    }
  }
}

// Rows 16 `tile` ... + 15 of H_q times the chunk: [fragment][register]. Columns of A beyond q hold
// anything finite: B is zero there.
template <class K>
__device__ void multiply_order(const OrderArgs& o, const std::uint32_t* signs_s, int tile, int lane,
                               const OrderColumns<K>& b, float (&sums_r)[K::width][4]) {
  const int tiles = map::order_tiles(o.q);
  const std::uint32_t ones = K::Number::power(o.power) * 0x00010001U;
  std::uint32_t signs_r[K::sign_words];
#pragma unroll
  for (int w = 0; w < K::sign_words; ++w) {
    signs_r[w] = signs_s[32 * (tile * K::sign_words + w) + lane];
  }
#pragma unroll
  for (int k = 0; k < K::most_tiles; ++k) {
    if (k >= tiles) break;
    std::uint32_t a_r[4];
#pragma unroll
    for (int r = 0; r < 4; ++r) {
      const map::SignBits at = map::sign_bits(K::sign_words, 0, k, r);
      a_r[r] = ptx::and_or(signs_r[at.word] << at.shift, 0x80008000U, ones);
    }
#pragma unroll
    for (int j = 0; j < K::width; ++j) {
      if (k == 0) {
        K::Number::multiply(sums_r[j], a_r, b.words_r[k][0][j], b.words_r[k][1][j]);
      } else {
        K::Number::mma(sums_r[j], a_r, b.words_r[k][0][j], b.words_r[k][1][j]);
      }
    }
  }
}

// Bytes from the begin of the numbers where a lane's sums of row lane / 4 of a chunk go, those of
// blocks t and t + 4. Rows further down are whole rows further: their turn is the same.
template <class K>
struct OrderPlaces {
  int bytes[2];
  __device__ OrderPlaces(const OrderArgs& o, int piece, int chunk, int lane) {
    const int p = o.rows.log2_n;
#pragma unroll
    for (int s = 0; s < 2; ++s) {
      const int element =
          ((piece * o.q + lane / 4) << p) + chunk * K::chunk + K::width * (lane % 4 + 4 * s);
      bytes[s] = 16 * map::order_unit_place(element / 8, p) + 2 * (element % 8);
    }
  }
};

// A lane's sums of a tile row to their places in shared memory, `width` adjacent columns at once.
template <class K>
__device__ void write_numbers(const OrderArgs& o, const OrderShared& shared, int tile,
                              const OrderPlaces<K>& places, int lane,
                              const float (&sums_r)[K::width][4]) {
  using Number = typename K::Number;
#pragma unroll
  for (int r = 0; r < 4; ++r) {
    const int rows = 16 * tile + r / 2 * 8;
    if (rows + lane / 4 >= o.q) continue;
    std::uint8_t* const to_s = shared.numbers + places.bytes[r % 2] + (rows << (o.rows.log2_n + 1));
    std::uint32_t words_r[K::numbers][K::width / 2];
#pragma unroll
    for (int w = 0; w < K::width / 2; ++w) {
      const float low = sums_r[2 * w][r], high = sums_r[2 * w + 1][r];
      words_r[0][w] = Number::pair(low, high);
      if constexpr (K::one_rounding) {
        words_r[1][w] = rest_pair<Number>(low, high, words_r[0][w]);
      }
    }
#pragma unroll
    for (int n = 0; n < K::numbers; ++n) {
      const auto& words = words_r[n];
      std::uint8_t* const there_s = to_s + n * 16 * shared.units;
      if constexpr (K::width == 8) {
        *reinterpret_cast<uint4*>(there_s) = {words[0], words[1], words[2], words[3]};
      } else {
        *reinterpret_cast<uint2*>(there_s) = {words[0], words[1]};
      }
    }
  }
}

// Phase 1 of the block's pieces. The signs of H_q come while the first columns are on their way.
template <class K>
__device__ void sum_orders(const OrderArgs& o, const OrderSigns& signs, const OrderShared& shared,
                           int first_piece, int pieces) {
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, warps = blockDim.x / 32;
  const int tiles = map::order_tiles(o.q), p = o.rows.log2_n;
  const int log2_chunks = p - map::log2_of(K::chunk);  // of a piece
  const int items = pieces << (log2_chunks + o.log2_parts);
#pragma unroll 1  // unrolled, the registers of B would be there twice
  for (int item = warp;;) {
    // A warp without an item loads another's: behind a branch the registers would be spilled.
    const int place = min(item, items - 1) >> o.log2_parts, piece = place >> log2_chunks;
    const int chunk = place - (piece << log2_chunks);
    const int column = chunk * K::chunk + K::width * map::order_block(lane / 4);
    OrderRows<K> x_r;
    load_rows<K>(o, first_piece + piece, column, lane, x_r);
    if (item == warp) {
      copy_signs(o, signs, shared);
      __syncthreads();
    }
    if (item >= items) return;
    if (o.rows.signs_before != nullptr) {  // the places are made anew: kept, they would spill
      flip_rows<K>(o, first_piece + piece, column, ptx::opaque(lane), x_r);
    }
    OrderColumns<K> b;
    arrange_rows<K>(o, ptx::opaque(lane), x_r, b);
    const OrderPlaces<K> places(o, piece, chunk, lane);
    const int parts = 1 << o.log2_parts;
#pragma unroll 1
    for (int tile = item & (parts - 1); tile < tiles; tile += parts) {
      float sums_r[K::width][4];
      multiply_order<K>(o, shared.signs, tile, lane, b, sums_r);
      write_numbers<K>(o, shared, tile, places, lane, sums_r);
    }
    item += warps;
    if (item >= items) return;
  }
}

}  // namespace halfbyte::cuda::hadamard
