// Panel: y = x W for many rows of x. A chunk (128 k) of 16 columns is dequantised to f32, exactly,
// into 8 KiB of first-level cache; then blocks of up to `panel_rows` rows of x multiply with it.
//
//   W' (128 k x 16)   resident in L1, read once per row block
//   x  (k x R)        R rows interleaved, so that a row block reads one linear stream
//   y  (R x 16)       in registers: 6 x 2 vectors (AVX2), 12 x 1 (AVX-512)
//
// Dequantising costs 4 to 5 operations a vector of weights, R rows cost R multiply-adds: at m = 16
// on a core with two FMA pipes about 1.2 of 9.2 cycles, at m = 128 about 2 %. Any x, any format: (q
// - z) s is exact in f32 for 16-bit scales, one rounding for f32 ones.
#pragma once

#include "cpu/simd/group.h"
#include "cpu/simd/prepare.h"
#include "cpu/tile.h"

namespace halfbyte::cpu::simd {

// Rows of a tile: a multiple of every V::panel_rows. 192 rows of 128 k are 96 KiB of x, in L2.
inline constexpr std::int64_t panel_tile_m = 192;
template <class V>
inline constexpr std::int64_t blocks_per_tile = panel_tile_m / V::panel_rows;

// Rows are cut into blocks of nearly equal size, at most V::panel_rows.
template <class V>
struct RowBlocks {
  std::int64_t rows;
  std::int64_t count() const { return (rows + V::panel_rows - 1) / V::panel_rows; }
  std::int64_t begin(std::int64_t block) const { return rows * block / count(); }
};

// q of 16-bit scales as one fused multiply-add with -z s (exact, see above), others as (q - z) s.
template <class V, bool Fused>
inline typename V::Float affine(typename V::Float q, typename V::Float scale,
                                typename V::Float zero) {
  if constexpr (Fused) return V::fma(q, scale, zero);
  return V::mul(V::sub(q, zero), scale);
}

template <class V, bool Fused>
inline void dequantize_chunk(const N16& w, std::int64_t block, const Chunk& chunk,
                             typename V::Float* scale, typename V::Float* zero, float* out) {
  const bool bytes = w.container_bits == 8;
  const int per_step = bytes ? 4 : 8;
  const std::uint8_t* codes = w.block_codes(block) + chunk.first / per_step * core::n16::step_bytes;
  for (int first = 0; first < chunk.count; first += per_step, codes += core::n16::step_bytes) {
    const int here = chunk.count - first < per_step ? chunk.count - first : per_step;
    float* to = out + first * core::n16::block_columns;
    for (int v = 0; v < V::vectors; ++v, to += V::lanes) {
      const auto line = V::load_codes(codes + v * static_cast<int>(sizeof(typename V::Bytes)));
      if (bytes) {
        for (int i = 0; i < here; ++i) {
          V::store(to + i * 16, affine<V, Fused>(V::field(line, 8 * i, 255), scale[v], zero[v]));
        }
      } else if (w.meaning == CodeMeaning::table) {
        for (int i = 0; i < here; ++i) {
          const int shift = 8 * (i % 4) + i / 4 * 4;
          V::store(to + i * 16, affine<V, Fused>(V::field_look_up(line, shift, w.table.data()),
                                                 scale[v], zero[v]));
        }
      } else if (here == 8) {
#pragma GCC unroll 8
        for (int i = 0; i < 8; ++i) {
          const int shift = 8 * (i % 4) + i / 4 * 4;
          V::store(to + i * 16, affine<V, Fused>(V::field(line, shift, 15), scale[v], zero[v]));
        }
      } else {
        for (int i = 0; i < here; ++i) {
          const int shift = 8 * (i % 4) + i / 4 * 4;
          V::store(to + i * 16, affine<V, Fused>(V::field(line, shift, 15), scale[v], zero[v]));
        }
      }
    }
  }
}

template <class V>
inline void dequantize(const N16& w, std::int64_t block, const Chunk& chunk, float* out) {
  typename V::Float scale[V::vectors];
  typename V::Float zero[V::vectors];
  load_group<V>(w, block, chunk.group, scale, zero);
  const bool stored = w.zero_kind == ZeroKind::symmetric || w.zero_kind == ZeroKind::integer;
  const bool exact_product = stored && w.scale_dtype == DType::f16 && w.finite_scales;
  if (exact_product) {
    for (int v = 0; v < V::vectors; ++v) zero[v] = V::sub_product(V::zero(), zero[v], scale[v]);
  }
  if (exact_product || w.zero_kind == ZeroKind::minimum) {
    dequantize_chunk<V, true>(w, block, chunk, scale, zero, out);
  } else {
    dequantize_chunk<V, false>(w, block, chunk, scale, zero, out);
  }
}

// out (R, 16) += x (R, k) W' (k, 16).
template <class V, int R>
inline void multiply(const float* x, const float* w, std::int64_t k, float* out,
                     std::int64_t out_stride) {
  typename V::Float sum[R][V::vectors];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    for (int v = 0; v < V::vectors; ++v) sum[r][v] = V::load(out + r * out_stride + v * V::lanes);
  }
  for (std::int64_t i = 0; i < k; ++i, x += R, w += core::n16::block_columns) {
    typename V::Float weights[V::vectors];
    for (int v = 0; v < V::vectors; ++v) weights[v] = V::load(w + v * V::lanes);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const auto value = V::broadcast(x + r);
      for (int v = 0; v < V::vectors; ++v) sum[r][v] = V::fma(value, weights[v], sum[r][v]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    for (int v = 0; v < V::vectors; ++v) V::store(out + r * out_stride + v * V::lanes, sum[r][v]);
  }
}

template <class V, int R = V::panel_rows>
inline void multiply_rows(std::int64_t rows, const float* x, const float* w, std::int64_t k,
                          float* out, std::int64_t out_stride) {
  if (rows == R) return multiply<V, R>(x, w, k, out, out_stride);
  if constexpr (R > 1) multiply_rows<V, R - 1>(rows, x, w, k, out, out_stride);
}

// x of the rows in block b of a tile starts at (first row) * k_padded; element (position p, row r)
// of the block at p * rows + r.
template <class V>
inline void prepare_panel(const LinearProblem& problem, const N16& w, std::int64_t part, void* x) {
  const std::int64_t tile_row = part / blocks_per_tile<V> * panel_tile_m;
  const RowBlocks<V> blocks{core::smaller<std::int64_t>(panel_tile_m, problem.m - tile_row)};
  const std::int64_t block = part % blocks_per_tile<V>;
  if (block >= blocks.count()) return;
  const std::int64_t begin = tile_row + blocks.begin(block);
  const std::int64_t rows = tile_row + blocks.begin(block + 1) - begin;
  float* to = static_cast<float*>(x) + begin * w.k_padded;
  for (const Chunk& chunk : w.chunks) {
    alignas(64) float values[V::panel_rows][core::n16::chunk_k];
    for (std::int64_t r = 0; r < rows; ++r) widen<V>(problem, w, begin + r, chunk, values[r]);
    for (int i = 0; i < chunk.padded(); ++i) {
      for (std::int64_t r = 0; r < rows; ++r) *to++ = values[r][i];
    }
  }
}

template <class V>
inline void panel_tile(const TileCall& call) {
  const N16& w = *call.w;
  const RowBlocks<V> blocks{call.rows};
  alignas(64) float panel[core::n16::chunk_k * core::n16::block_columns];
  for (std::int64_t i = 0; i < call.k.count; ++i) {
    const Chunk& chunk = w.chunks[static_cast<std::size_t>(call.k.first + i * call.k.stride)];
    for (std::int64_t column = 0; column < call.columns; column += core::n16::block_columns) {
      dequantize<V>(w, (call.column + column) / core::n16::block_columns, chunk, panel);
      for (std::int64_t b = 0; b < blocks.count(); ++b) {
        const std::int64_t begin = blocks.begin(b);
        const std::int64_t rows = blocks.begin(b + 1) - begin;
        const float* x = static_cast<const float*>(call.x) + (call.row + begin) * w.k_padded;
        multiply_rows<V>(rows, x + chunk.first * rows, panel, chunk.count,
                         call.out + begin * call.out_stride + column, call.out_stride);
      }
    }
  }
}

}  // namespace halfbyte::cpu::simd
