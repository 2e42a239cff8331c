// A panel's rows: X to shared memory, and A of packed signs times it (core/hadamard/panel.h).
#pragma once

#include "cuda/hadamard/panel.h"
#include "cuda/hadamard/transform.cuh"
#include "cuda/hadamard/vector.cuh"
#include "cuda/ptx_warpgroup.cuh"

namespace halfbyte::cuda::hadamard {

// d (+)= a b for the warpgroup, by type.
__device__ inline void multiply_rows(HalfNumber, float (&d)[8][8], const std::uint32_t (&a)[4],
                                     std::uint32_t rows, bool adds) {
  ptx::multiply_rows_f16(d, a, rows, adds);
}
__device__ inline void multiply_rows(BFloatNumber, float (&d)[8][8], const std::uint32_t (&a)[4],
                                     std::uint32_t rows, bool adds) {
  ptx::multiply_rows_bf16(d, a, rows, adds);
}

template <class NumberType, int log2_chunks, bool one_rounding_, Output output_>
struct Panel {
  using Number = NumberType;
  static constexpr bool one_rounding = one_rounding_;
  static constexpr Output output = output_;
  static constexpr int piece_chunks = 1 << log2_chunks;  // of 64 columns
  static constexpr int pieces = piece_chunks == 1 ? 2 : 1;
  static constexpr int chunks = pieces * piece_chunks;  // of a block
  static constexpr int groups = 4 * chunks;             // of 16 columns
  static constexpr int log2_groups = 2 + log2_chunks;   // of a piece
  static constexpr int columns = 64 * piece_chunks;
  static constexpr int warpgroups = chunks == 4 ? 2 : 1;  // of a block
  static constexpr int threads = 128 * warpgroups;
  static constexpr int blocks_per_sm = chunks == 4 ? 1 : 4;
  static constexpr int batch = chunks == 4 ? 2 : 4;  // tiles of k that are multiplied together
};

// The first vector of a piece.
__device__ inline std::int64_t panel_vector(const Args& a, int panel_rows, int piece) {
  return static_cast<std::int64_t>(piece) * (panel_rows << (a.log2_n - 3));
}

// X of the block's pieces to shared memory, chunk after chunk, with zeros below it to a multiple of
// 16 rows. Of a missing last piece the one before it once more.
template <class K>
__device__ void copy_pieces(const PanelArgs& o, int first_piece, std::uint8_t* x_s) {
  constexpr unsigned row_units = 8 * K::piece_chunks, rows_at_once = K::threads / row_units;
  static_assert(rows_at_once % 8 == 0, "the turn of a thread's units stays");
  const Args& a = o.rows;
  const int tiles = map::order_tiles(o.panel_rows);
  const unsigned first_row = threadIdx.x / row_units, chunk = threadIdx.x / 8 % K::piece_chunks;
#pragma unroll
  for (int i = 0; i < K::pieces; ++i) {
    const int piece = min(first_piece + i, o.pieces - 1);
    const std::int64_t offset = a.vectors.offset(a.x_steps, panel_vector(a, o.panel_rows, piece));
    const auto* from_g = static_cast<const std::uint16_t*>(a.x) + offset + 8 * threadIdx.x;
    std::uint32_t to = ptx::shared_address(x_s) + map::chunk_bytes(tiles) * (i + chunk) +
                       16 * map::panel_place(first_row, threadIdx.x % 8);
#pragma unroll 4
    for (int first = 0; first < 16 * tiles; first += rows_at_once) {
      const int row = first + first_row;
      ptx::copy_16_bytes_or_zeros_async(to, from_g, row < o.panel_rows ? 16 : 0);
      from_g += 8 * K::threads;
      to += rows_at_once * map::chunk_row_bytes;
    }
  }
  ptx::commit_copies();
}

// The signs before, on the units that this thread has copied.
template <class K>
__device__ void flip_pieces(const PanelArgs& o, int first_piece, std::uint8_t* x_s) {
  constexpr unsigned row_units = 8 * K::piece_chunks;
  const int tiles = map::order_tiles(o.panel_rows);
  const int units = o.panel_rows * row_units;
  const unsigned chunk = threadIdx.x / 8 % K::piece_chunks;
#pragma unroll
  for (int i = 0; i < K::pieces; ++i) {
    const int piece = min(first_piece + i, o.pieces - 1);
    auto* const chunk_s = reinterpret_cast<uint4*>(x_s + map::chunk_bytes(tiles) * (i + chunk));
#pragma unroll 1
    for (int u = threadIdx.x; u < units; u += K::threads) {
      uint4& unit_s = chunk_s[map::panel_place(u / row_units, u % 8)];
      std::uint32_t x_r[4] = {unit_s.x, unit_s.y, unit_s.z, unit_s.w};
      flip_before(o.rows, panel_vector(o.rows, o.panel_rows, piece) + u, x_r);
      unit_s = {x_r[0], x_r[1], x_r[2], x_r[3]};
    }
  }
}

// A lane's packed signs of its warp's row of tiles: a word for four tiles. In registers, and early:
// they come from far, and all of them in shared memory would keep every block waiting (18944, fast:
// 107 us instead of 85).
struct RowSigns {
  std::uint32_t words[4];

  // By an address that the compiler does not see through: loads of constants take a lane after the
  // other. Beyond the last tile those of that tile.
  __device__ void load(const PanelSigns& signs, int tiles, int tile) {
    const int row_words = map::panel_row_words(tiles);
    const std::uint32_t* const from =
        ptx::opaque(signs.words) + 32 * row_words * min(tile, tiles - 1) + threadIdx.x % 32;
#pragma unroll
    for (int w = 0; w < 4; ++w) words[w] = w < row_words ? from[32 * w] : 0;
  }
  __device__ std::uint32_t next() {
    const std::uint32_t word = words[0];
#pragma unroll
    for (int w = 0; w < 3; ++w) words[w] = words[w + 1];
    return word;
  }
};

// `count` tiles of k. No branch between products, or the assembler has each wait for the one
// before: where not all are `whole`, those beyond the last are zeros times the last. (Pairs, of
// which one is multiplied while A of the next is made, spill: 11008 93 us instead of 80.)
template <class K, int count, bool whole>
__device__ void multiply_tiles(int first, int tiles, std::uint32_t signs, std::uint32_t power,
                               std::uint32_t x_rows, float (&v_r)[K::groups][8]) {
  std::uint32_t a_r[count][4];
#pragma unroll
  for (int k = 0; k < count; ++k) {
    const std::uint32_t ones = whole || first + k < tiles ? power : 0;
#pragma unroll
    for (int r = 0; r < 4; ++r) {
      a_r[k][r] = ptx::and_or(signs << map::sign_bits(1, 0, k, r).shift, 0x80008000U, ones);
    }
  }
  ptx::begin_products();
#pragma unroll
  for (int k = 0; k < count; ++k) {
    const int tile = whole ? first + k : min(first + k, tiles - 1);
#pragma unroll
    for (int chunk = 0; chunk < K::chunks; chunk += 2) {
      auto& sums_r = *reinterpret_cast<float(*)[8][8]>(v_r + 4 * chunk);
      const unsigned byte = map::chunk_bytes(1) * tile + map::chunk_bytes(tiles) * chunk;
      multiply_rows(typename K::Number{}, sums_r, a_r[k], ptx::rows_after(x_rows, byte),
                    first + k > 0);
    }
  }
  ptx::wait_for_products(v_r);
}

// 64 rows of A times X.
template <class K>
__device__ void multiply_panel(const PanelArgs& o, RowSigns signs_r, std::uint32_t x_rows,
                               float (&v_r)[K::groups][8]) {
  const int tiles = map::order_tiles(o.panel_rows);
  const std::uint32_t power = K::Number::power(o.power) * 0x00010001U;
  int first = 0;
#pragma unroll 1
  for (; first + 4 <= tiles; first += 4) {
    const std::uint32_t signs = signs_r.next();
#pragma unroll
    for (int k = 0; k < 4; k += K::batch) {
      multiply_tiles<K, K::batch, true>(first + k, tiles, signs << 4 * k, power, x_rows, v_r);
    }
  }
  const std::uint32_t signs = signs_r.words[0];
  if (tiles - first > 2) {
#pragma unroll
    for (int k = 0; k < 4; k += K::batch) {
      multiply_tiles<K, K::batch, false>(first + k, tiles, signs << 4 * k, power, x_rows, v_r);
    }
  } else if (tiles > first) {
    multiply_tiles<K, 2, false>(first, tiles, signs, power, x_rows, v_r);
  }
}

}  // namespace halfbyte::cuda::hadamard
