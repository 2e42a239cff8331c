// Pairs: y = x W for bf16 x, with vdpbf16ps: 32 multiply-adds an instruction, summed in f32.
//
// q - z is an integer of at most 8 bits, so it is exact in bf16, as x is; the scale is applied to
// the f32 sum of a chunk, so weights are not rounded at all.
//
//   W' (64 pairs x 16)   q - z of one chunk of 16 columns, 4 KiB of L1; lane c holds (k, k + 1)
//   x  (k/2 x R)         R rows interleaved, a pair a 32-bit word
//   sum (R x 16)         one vector a row; at the end of the chunk  out += scale * sum
//
// The instruction reads subnormals as zero, and a sum over the chunk before the scale may leave the
// range where the scaled terms do not. Rows with such x (below 2^-100 but not zero, above 2^100,
// NaN, Inf) are summed element by element in f32 instead.
#pragma once

#include "cpu/simd/group.h"
#include "cpu/simd/panel.h"
#include "cpu/simd/plain.h"
#include "cpu/simd/prepare.h"
#include "cpu/tile.h"

namespace halfbyte::cpu::simd {

inline constexpr std::int64_t pairs_per_chunk = core::n16::chunk_k / 2;

// Prepared x: a byte a row (1: summed in f32), up to a multiple of 64, then the pairs.
inline std::int64_t row_flags_bytes(std::int64_t m) {
  return core::ceil_div<std::int64_t>(m, 64) * 64;
}

inline std::uint8_t needs_plain_sum(const float* x, std::int64_t count) {
  constexpr float low = 0x1p-100F;
  constexpr float high = 0x1p100F;
  int outside = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const float size = x[i] < 0 ? -x[i] : x[i];
    outside |= !(size == 0 || (size >= low && size <= high)) ? 1 : 0;
  }
  return static_cast<std::uint8_t>(outside);
}

template <class V>
inline void prepare_pairs(const LinearProblem& problem, const N16& w, std::int64_t part, void* x) {
  const std::int64_t tile_row = part / blocks_per_tile<V> * panel_tile_m;
  const RowBlocks<V> blocks{core::smaller<std::int64_t>(panel_tile_m, problem.m - tile_row)};
  const std::int64_t block = part % blocks_per_tile<V>;
  if (block >= blocks.count()) return;
  const std::int64_t begin = tile_row + blocks.begin(block);
  const std::int64_t rows = tile_row + blocks.begin(block + 1) - begin;
  auto* flags = static_cast<std::uint8_t*>(x) + begin;
  auto* to =
      reinterpret_cast<std::uint32_t*>(static_cast<std::uint8_t*>(x) + row_flags_bytes(problem.m)) +
      begin * w.k_padded / 2;
  for (std::int64_t r = 0; r < rows; ++r) flags[r] = 0;
  for (const Chunk& chunk : w.chunks) {
    alignas(64) float values[V::panel_rows][core::n16::chunk_k];
    for (std::int64_t r = 0; r < rows; ++r) {
      widen<V>(problem, w, begin + r, chunk, values[r]);
      flags[r] |= needs_plain_sum(values[r], chunk.padded());
    }
    for (int i = 0; i < chunk.padded(); i += 2) {
      for (std::int64_t r = 0; r < rows; ++r) {
        *to++ = std::bit_cast<std::uint32_t>(values[r][i]) >> 16 |
                (std::bit_cast<std::uint32_t>(values[r][i + 1]) & 0xFFFF0000U);
      }
    }
  }
}

// Padding in the last pair multiplies x = 0 by a finite integer.
template <class V>
inline void dequantize_pairs(const N16& w, std::int64_t block, const Chunk& chunk,
                             const typename V::Float* zero, typename V::Bytes* out) {
  const bool bytes = w.container_bits == 8;
  const int per_step = bytes ? 4 : 8;
  const std::uint8_t* codes = w.block_codes(block) + chunk.first / per_step * core::n16::step_bytes;
  const auto value = [&](typename V::Bytes line, int i) {
    if (bytes) return V::sub(V::field(line, 8 * i, 255), zero[0]);
    const int shift = 8 * (i % 4) + i / 4 * 4;
    return w.meaning == CodeMeaning::table
               ? V::sub(V::field_look_up(line, shift, w.table.data()), zero[0])
               : V::sub(V::field(line, shift, 15), zero[0]);
  };
  for (int first = 0; first < chunk.padded(); first += per_step, codes += core::n16::step_bytes) {
    const auto line = V::load_codes(codes);
    for (int i = 0; i < per_step; i += 2) *out++ = V::pair(value(line, i), value(line, i + 1));
  }
}

template <class V, int R>
inline void multiply_pairs(const std::uint32_t* x, const typename V::Bytes* w, std::int64_t pairs,
                           typename V::Float scale, float* out, std::int64_t out_stride) {
  typename V::Float sum[R];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) sum[r] = V::zero();
  for (std::int64_t i = 0; i < pairs; ++i, x += R) {
    const auto weights = w[i];
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) sum[r] = V::add_pair_product(sum[r], weights, x[r]);
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    float* to = out + r * out_stride;
    V::store(to, V::fma(sum[r], scale, V::load(to)));
  }
}

template <class V, int R = V::panel_rows>
inline void multiply_pair_rows(std::int64_t rows, const std::uint32_t* x,
                               const typename V::Bytes* w, std::int64_t pairs,
                               typename V::Float scale, float* out, std::int64_t out_stride) {
  if (rows == R) return multiply_pairs<V, R>(x, w, pairs, scale, out, out_stride);
  if constexpr (R > 1) multiply_pair_rows<V, R - 1>(rows, x, w, pairs, scale, out, out_stride);
}

// The rows of a block one by one: a row with x out of range must not change the way its neighbours
// are summed, so each row takes the way that its own flag says.
template <class V>
inline void sum_rows_apart(const TileCall& call, const Chunk& chunk, std::int64_t block,
                           std::int64_t begin, std::int64_t rows, const typename V::Float* scale,
                           const typename V::Float* zero, const typename V::Bytes* panel,
                           const std::uint32_t* x, float* out) {
  const N16& w = *call.w;
  const auto* flags = static_cast<const std::uint8_t*>(call.x);
  for (std::int64_t r = 0; r < rows; ++r) {
    float* to = out + r * call.out_stride;
    if (flags[call.row + begin + r] == 0) {
      std::uint32_t alone[pairs_per_chunk];
      for (int i = 0; i < chunk.padded() / 2; ++i) alone[i] = x[i * rows + r];
      multiply_pairs<V, 1>(alone, panel, chunk.padded() / 2, scale[0], to, call.out_stride);
      continue;
    }
    float values[core::n16::chunk_k];
    widen_chunk(call, call.row + begin + r, chunk, values);
    typename V::Float total[1] = {V::load(to)};
    const int per_step = w.container_bits == 8 ? 4 : 8;
    sum_plain<V>(w, chunk, values,
                 w.block_codes(block) + chunk.first / per_step * core::n16::step_bytes, scale, zero,
                 total);
    V::store(to, total[0]);
  }
}

template <class V>
inline void pairs_tile(const TileCall& call) {
  static_assert(V::vectors == 1);
  const N16& w = *call.w;
  const RowBlocks<V> blocks{call.rows};
  const auto* flags = static_cast<const std::uint8_t*>(call.x);
  const auto* pairs =
      reinterpret_cast<const std::uint32_t*>(flags + row_flags_bytes(call.problem->m));
  typename V::Bytes panel[pairs_per_chunk];
  for (std::int64_t i = 0; i < call.k.count; ++i) {
    const Chunk& chunk = w.chunks[static_cast<std::size_t>(call.k.first + i * call.k.stride)];
    for (std::int64_t column = 0; column < call.columns; column += core::n16::block_columns) {
      const std::int64_t block = (call.column + column) / core::n16::block_columns;
      typename V::Float scale[1];
      typename V::Float zero[1];
      load_group<V>(w, block, chunk.group, scale, zero);
      dequantize_pairs<V>(w, block, chunk, zero, panel);
      for (std::int64_t b = 0; b < blocks.count(); ++b) {
        const std::int64_t begin = blocks.begin(b);
        const std::int64_t rows = blocks.begin(b + 1) - begin;
        float* out = call.out + begin * call.out_stride + column;
        const std::uint32_t* x =
            pairs + (call.row + begin) * w.k_padded / 2 + chunk.first / 2 * rows;
        int plain = 0;
        for (std::int64_t r = 0; r < rows; ++r) plain |= flags[call.row + begin + r];
        if (plain == 0) {
          multiply_pair_rows<V>(rows, x, panel, chunk.padded() / 2, scale[0], out, call.out_stride);
        } else {
          sum_rows_apart<V>(call, chunk, block, begin, rows, scale, zero, panel, x, out);
        }
      }
    }
  }
}

}  // namespace halfbyte::cpu::simd
