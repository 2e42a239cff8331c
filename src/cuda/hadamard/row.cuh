// Rows of 4096 ... 32768 elements, one to a CTA at a time: H of a piece in a warp's registers, an
// exchange of sums in f32 through shared memory, butterflies between the pieces.
//
//   phase 1, warp w          exchange               phase 2, thread i
//   piece w: `tiles` tiles   STS.128 -> LDS.128     the same few columns of every piece
//   two mma passes, then     4 n bytes, no bank     2^log2_pieces x width sums, butterflies,
//   butterflies over tiles   conflict               one rounding, 16-byte stores (8 for 32768)
//
//   64 MB of f16 in, out, n = 32768: 132 SMs copy a row in 4.0 us = 6800 clocks at 4.3 TB/s. It
//   takes 128 tiles x about 150 instructions = 4800 issue slots of a scheduler, 2 x 1024 clocks of
//   shared memory and 128 x 6 mma = 1500 clocks of tensor cores, which overlap.
//   in flight  a warp loads its piece of the next row as it uses up this one's registers: 64 KB a
//              CTA of 32768, 64 KB an SM of smaller rows, for phase 2 and the barriers.
//   shared     16 KB (4096) ... 128 KB (32768): one to eight CTAs, always 16 warps an SM.
// The sums are exchanged in f32: 8 bytes an element of 27 that shared memory moves in the time of
// the copy, and no second split into two 16-bit numbers.
#pragma once

#include "core/hadamard/exchange.h"
#include "cuda/hadamard/transform.cuh"
#include "cuda/hadamard/vector.cuh"

namespace halfbyte::cuda::hadamard {

template <class NumberType, int tiles_, int log2_pieces_, bool one_rounding_, bool codes_>
struct Row {
  using Number = NumberType;
  static constexpr int tiles = tiles_;
  static constexpr int log2_pieces = log2_pieces_;
  static constexpr bool one_rounding = one_rounding_;
  static constexpr bool codes = codes_;  // codes or amax; else only y in x's type
  static constexpr int pieces = 1 << log2_pieces;
  static constexpr int threads = 32 * pieces;
  static constexpr int columns = tiles * map::tile_elements;  // of a piece
  static constexpr int elements = columns * pieces;
  static constexpr map::ColumnShare share = map::column_share(columns, threads);
  static constexpr int shared_bytes = elements * static_cast<int>(sizeof(float));
  // Codes with a scale made here hold all sums of the thread: no registers for loads ahead.
  static constexpr bool loads_ahead = !codes;
  // 128 registers a thread with 16 warps an SM; 4096 needs 136.
  static constexpr int blocks_per_sm = threads > 64 ? 512 / threads : 7;
};

// Rows are counted in 32 bits: 2^31 of them would be 17 TB.
template <class K>
__device__ std::int64_t first_vector(int row) {
  return static_cast<std::int64_t>(row) * (K::elements / 8);
}

template <class K>
__device__ void load_piece(const Args& a, int rows, int row, int warp, int lane,
                           std::uint32_t (&x_r)[K::tiles][4]) {
  if (row >= rows) return;
  const auto* x_g = static_cast<const std::uint16_t*>(a.x) +
                    a.vectors.offset(a.x_steps, first_vector<K>(row)) + warp * K::columns +
                    lane * 8;
#pragma unroll
  for (int t = 0; t < K::tiles; ++t) {
    ptx::load_16_bytes_once(x_r[t], x_g + t * map::tile_elements);
  }
}

// The sums of the columns' transforms of one piece, to shared memory.
template <class K>
__device__ void write_piece(float* sums_s, int warp, int lane, const float (&v_r)[K::tiles][8]) {
  const int place = map::unit_place(2 * lane);
#pragma unroll
  for (int t = 0; t < K::tiles; ++t) {
    auto* const tile_s =
        reinterpret_cast<float4*>(sums_s + warp * K::columns + t * map::tile_elements);
    tile_s[place] = {v_r[t][0], v_r[t][1], v_r[t][2], v_r[t][3]};
    tile_s[place ^ 1] = {v_r[t][4], v_r[t][5], v_r[t][6], v_r[t][7]};
  }
}

// `width` columns from `column` on of every piece.
template <class K>
__device__ void read_columns(const float* sums_s, int column,
                             float (&v_r)[K::pieces][K::share.width]) {
  constexpr int width = K::share.width;
  const int place = map::column_place(column);
#pragma unroll
  for (int p = 0; p < K::pieces; ++p) {
    const float* const piece_s = sums_s + p * K::columns;
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

template <class K>
__device__ void finish_columns(const Args& a, const RowOut& out, int column,
                               float (&v_r)[K::pieces][K::share.width]) {
  map::transform_first_index(v_r, K::log2_pieces);
#pragma unroll
  for (int p = 0; p < K::pieces; ++p) {
    const int at = p * K::columns + column;
    finish_values(a, out.signs == nullptr ? nullptr : out.signs + at, v_r[p]);
  }
}

template <class K>
__device__ void store_columns(const Args& a, const RowOut& out, int column,
                              const float (&v_r)[K::pieces][K::share.width]) {
  auto* const y_g = static_cast<std::uint16_t*>(a.y) + out.y + column;
#pragma unroll
  for (int p = 0; p < K::pieces; ++p) {
    store_rounded<typename K::Number>(y_g + p * K::columns, v_r[p]);
  }
}

// The largest of the CTA's bits, for all threads.
__device__ inline std::uint32_t largest_in_block(std::uint32_t bits, int threads) {
  __shared__ std::uint32_t largest_s[32];
  bits = __reduce_max_sync(0xFFFFFFFFU, bits);
  if (threadIdx.x % 32 == 0) largest_s[threadIdx.x / 32] = bits;
  __syncthreads();
  std::uint32_t largest = 0;
  for (int w = 0; w < threads / 32; ++w) largest = max(largest, largest_s[w]);
  return largest;
}

// Phase 2 with codes: all sums of the thread at once, for a scale of the row.
template <class K>
__device__ void finish_row_codes(const Args& a, const RowOut& out, const float* sums_s) {
  constexpr int width = K::share.width, vectors = K::share.vectors;
  float v_r[vectors][K::pieces][width];
  std::uint32_t bits = 0;
#pragma unroll
  for (int j = 0; j < vectors; ++j) {
    const int column = width * (threadIdx.x + j * K::threads);
    read_columns<K>(sums_s, column, v_r[j]);
    finish_columns<K>(a, out, column, v_r[j]);
#pragma unroll
    for (int p = 0; p < K::pieces; ++p) bits = max(bits, largest_bits(v_r[j][p]));
  }
  if (a.amax != nullptr) raise_amax(a.amax, bits, threadIdx.x % 32);
  if (a.kind == core::CodeKind::none) {
#pragma unroll
    for (int j = 0; j < vectors; ++j) {
      store_columns<K>(a, out, width * (threadIdx.x + j * K::threads), v_r[j]);
    }
    return;
  }
  const bool of_row = (1 << max(a.log2_group, 0)) == K::elements;
  float inverse = 1;
  if (of_row) {
    const std::uint32_t row_bits = largest_in_block(bits, K::threads);
    const float scale = core::scale_for(__uint_as_float(row_bits), a.kind);
    if (threadIdx.x == 0) *out.scales = scale;
    inverse = 1 / scale;
  } else if (a.log2_group < 0) {
    inverse = 1 / __ldg(a.scales);
  }
#pragma unroll
  for (int j = 0; j < vectors; ++j) {
    const int column = width * (threadIdx.x + j * K::threads);
#pragma unroll
    for (int p = 0; p < K::pieces; ++p) {
      const int at = p * K::columns + column;
      if (a.log2_group >= 0 && !of_row) {  // adjacent lanes hold adjacent columns
        std::uint32_t group_bits = largest_bits(v_r[j][p]);
        for (int lanes = 1; lanes * width < 1 << a.log2_group; lanes *= 2) {
          group_bits = max(group_bits, __shfl_xor_sync(0xFFFFFFFFU, group_bits, lanes));
        }
        const float scale = core::scale_for(__uint_as_float(group_bits), a.kind);
        if ((at & ((1 << a.log2_group) - 1)) == 0) out.scales[at >> a.log2_group] = scale;
        inverse = 1 / scale;
      }
      store_codes(a, out.y + at, inverse, v_r[j][p]);
    }
  }
}

template <class K>
__global__ void __launch_bounds__(K::threads, K::blocks_per_sm)
    row_kernel(const __grid_constant__ Args a) {
  using Number = typename K::Number;
  constexpr int tiles = K::tiles, width = K::share.width;
  auto* const sums_s = ptx::dynamic_shared<float>();
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const int rows = static_cast<int>(a.vectors.count / (K::elements / 8));

  std::uint32_t x_r[tiles][4];
  if (K::loads_ahead) load_piece<K>(a, rows, blockIdx.x, warp, lane, x_r);
  for (int row = blockIdx.x; row < rows; row += gridDim.x) {
    if (!K::loads_ahead) load_piece<K>(a, rows, row, warp, lane, x_r);
    // Made anew for every row: phase 2 needs the registers more than the loop these instructions.
    const auto matrices = matrices_of<Number, K::one_rounding>(ptx::opaque(a.log2_n), lane);
    if (a.signs_before != nullptr) {
      const std::int64_t vector = first_vector<K>(row) + warp * (K::columns / 8) + lane;
#pragma unroll
      for (int t = 0; t < tiles; ++t) flip_before(a, vector + t * map::tile_vectors, x_r[t]);
    }
    float v_r[tiles][8];
#pragma unroll
    for (int t = 0; t < tiles; ++t) transform_tile(x_r[t], matrices, v_r[t]);
    if constexpr (K::loads_ahead) load_piece<K>(a, rows, row + gridDim.x, warp, lane, x_r);
    map::transform_first_index(v_r, 3);
    if (row != static_cast<int>(blockIdx.x)) __syncthreads();  // the row before has been read
    write_piece<K>(sums_s, warp, lane, v_r);
    __syncthreads();
    const RowOut out = row_out<K>(a, row);
    if constexpr (K::codes) {
      finish_row_codes<K>(a, out, sums_s);
    } else {
#pragma unroll
      for (int j = 0; j < K::share.vectors; ++j) {
        const int column = width * (threadIdx.x + j * K::threads);
        float w_r[K::pieces][width];
        read_columns<K>(sums_s, column, w_r);
        finish_columns<K>(a, out, column, w_r);
        store_columns<K>(a, out, column, w_r);
      }
    }
  }
}

}  // namespace halfbyte::cuda::hadamard
