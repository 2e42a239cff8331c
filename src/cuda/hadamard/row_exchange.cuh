// A row's configuration, and its exchange through shared memory: core/hadamard/exchange.h.
#pragma once

#include "core/hadamard/exchange.h"
#include "cuda/hadamard/transform.cuh"
#include "cuda/hadamard/vector.cuh"

namespace halfbyte::cuda::hadamard {

template <class NumberType, int tiles_, int log2_pieces_, int log2_cluster_, bool one_rounding_,
          Output output_>
struct Row {
  using Number = NumberType;
  static constexpr int tiles = tiles_;
  static constexpr int log2_pieces = log2_pieces_;
  static constexpr bool one_rounding = one_rounding_;
  static constexpr Output output = output_;
  static constexpr int pieces = 1 << log2_pieces;
  static constexpr int cluster = 1 << log2_cluster_;          // blocks that share a row
  static constexpr int threads = 32 * pieces / cluster;       // of a block
  static constexpr int columns = tiles * map::tile_elements;  // of a piece
  static constexpr int block_columns = columns / cluster;     // that a block has in phase 2
  static constexpr int elements = columns * pieces;
  static constexpr int log2_n = map::log2_of(elements);
  static constexpr map::ColumnShare share = map::column_share(columns, threads* cluster);
  static constexpr int shared_bytes = pieces * block_columns * static_cast<int>(sizeof(float));
  // One block of 32768 fills an SM: it stays and loads its next row ahead. Of the others an SM
  // holds several, which overlap.
  static constexpr bool stays =
      threads == 512 && tiles == 8 && cluster == 1 && output != Output::any;
  // 64 registers a thread with up to 4 tiles; with 8 96 in small blocks, where 20 warps instead of
  // 16 were worth spilling two registers, else 128.
  static constexpr int blocks_per_sm = (tiles <= 4 && cluster == 1       ? 1024
                                        : threads <= 128 && cluster == 1 ? 640
                                                                         : 512) /
                                       threads;
  static_assert(cluster == 1 ||
                (share.vectors == 1 && block_columns >= 64 && output == Output::values));
};

// Rows are counted in 32 bits: 2^31 of them would be 9 TB.
template <class K>
__device__ std::int64_t first_vector(int row) {
  return static_cast<std::int64_t>(row) * (K::elements / 8);
}

// A warp's sums of its piece, to the shared memory of the blocks that have their columns.
template <class K>
__device__ void write_piece(float* sums_s, int piece, int lane, const float (&v_r)[K::tiles][8]) {
#pragma unroll
  for (int t = 0; t < K::tiles; ++t) {
    const int column = t * map::tile_elements + 8 * lane;
    const int unit = map::unit_place(column % K::block_columns / map::unit_floats);
    float* block_s = sums_s + piece * K::block_columns;
    if constexpr (K::cluster > 1) block_s = ptx::in_block(block_s, column / K::block_columns);
    auto* const units_s = reinterpret_cast<float4*>(block_s);
    units_s[unit] = {v_r[t][0], v_r[t][1], v_r[t][2], v_r[t][3]};
    units_s[unit ^ 1] = {v_r[t][4], v_r[t][5], v_r[t][6], v_r[t][7]};
  }
}

// `width` columns from the block's `column` on of every piece.
template <class K>
__device__ void read_columns(const float* sums_s, int column,
                             float (&v_r)[K::pieces][K::share.width]) {
  constexpr int width = K::share.width;
  const int place = map::column_place(column);
#pragma unroll
  for (int p = 0; p < K::pieces; ++p) {
    const float* const piece_s = sums_s + p * K::block_columns;
    if constexpr (width >= 4) {
#pragma unroll
      for (int unit = 0; unit < width / 4; ++unit) {
        // The second unit of eight columns lies beside the first: its place differs in bit 0.
        const float4 four = *reinterpret_cast<const float4*>(piece_s + (place ^ 4 * unit));
        v_r[p][4 * unit] = four.x;
        v_r[p][4 * unit + 1] = four.y;
        v_r[p][4 * unit + 2] = four.z;
        v_r[p][4 * unit + 3] = four.w;
      }
    } else if constexpr (width == 2) {
      const float2 two = *reinterpret_cast<const float2*>(piece_s + place);
      v_r[p][0] = two.x;
      v_r[p][1] = two.y;
    } else {
      v_r[p][0] = piece_s[place];
    }
  }
}

// What phase 2 knows of the row that it writes.
struct RowOut {
  float* scales;             // of the first element; not for a given one
  std::int64_t y;            // offset of the first element
  const std::int8_t* signs;  // of the first element, or null
};

template <class K>
__device__ RowOut row_out(const Args& a, int row) {
  const std::int64_t vector = first_vector<K>(row);
  RowOut out{a.scales + (8 * vector >> max(a.log2_group, 0)), a.vectors.offset(a.y_steps, vector),
             nullptr};
  if (a.signs_after != nullptr) out.signs = a.signs_after + a.vectors.place(vector).column;
  return out;
}

// The last sums of a thread's columns, with their signs.
template <class K>
__device__ void finish_columns(const RowOut& out, int column,
                               float (&v_r)[K::pieces][K::share.width]) {
  map::transform_first_index(v_r, K::log2_pieces);
  // One branch around all pieces: a branch for each becomes 17 predicated instructions a vector,
  // through which calls without signs go too.
  if (out.signs == nullptr) return;
#pragma unroll
  for (int p = 0; p < K::pieces; ++p) flip_after(out.signs + p * K::columns + column, v_r[p]);
}

// The same as codes of a given scale.
template <class K>
__device__ void store_columns_as_codes(const Args& a, const RowOut& out, int column, float scale,
                                       float (&v_r)[K::pieces][K::share.width]) {
  const float factor = code_factor(a, scale, v_r);
  with_kind(a.kind, [&]<core::CodeKind kind>() {
#pragma unroll
    for (int p = 0; p < K::pieces; ++p) {
      store_codes<kind>(a, out.y + p * K::columns + column, factor, v_r[p]);
    }
  });
}

template <class K>
__device__ void store_columns(const Args& a, const RowOut& out, int column,
                              float (&v_r)[K::pieces][K::share.width]) {
  auto* const y_g = static_cast<std::uint16_t*>(a.y) + out.y + column;
#pragma unroll
  for (int p = 0; p < K::pieces; ++p) {
    scale_values(a, v_r[p]);
    store_rounded<typename K::Number>(y_g + p * K::columns, v_r[p]);
  }
}

}  // namespace halfbyte::cuda::hadamard
