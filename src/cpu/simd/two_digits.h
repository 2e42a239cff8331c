// One row whose chunk of x is two digits: the common case of m = 1, bound by memory.
//
// Two blocks of columns are multiplied at once: they share the broadcasts of x, and their lines are
// two streams. What the tile visits next, the same chunk of the next two blocks, is asked for line
// by line meanwhile. All sums end as one integer, rounded once:
//
//   y += s 2^e float( sum_k (q_k - z) x_k )
//
// Zen 3, two threads, 4 x 32 KiB of codes a tile, GB/s beside 46 of plain reading: 41 so; 39 with
// the lines asked for in one go before a visit, or two visits ahead; 38 without; one block at once
// 35 to 39, best three visits ahead; 8 blocks a tile 38, 2 blocks 35, 1 block 27.
#pragma once

#include <cstdint>

#include "cpu/simd/digits.h"

namespace halfbyte::cpu::simd {

// sum[v][d] = sum_k q d for `Steps` steps from `first` on; vector v is block v / V::vectors.
template <class V, int Blocks, int Steps, class Reader>
inline __attribute__((always_inline)) void sum_blocks(const Reader& reader, const BlockLines& lines,
                                                      const BlockLines& ahead, int first,
                                                      const DigitChunk& x,
                                                      typename V::Sum (*sum)[2]) {
  constexpr int vectors = Blocks * V::vectors;
#pragma GCC unroll 4
  for (int s = 0; s < Steps; ++s) {
    const int step = first + s;
#pragma GCC unroll 2
    for (int b = 0; b < Blocks; ++b) {
      __builtin_prefetch(ahead.of(b) + step * core::n16::step_bytes);
    }
#pragma GCC unroll 2
    for (int half = 0; half < 2; ++half) {
      const auto x0 = V::broadcast_digits(&x.x[0][8 * step + 4 * half]);
      const auto x1 = V::broadcast_digits(&x.x[1][8 * step + 4 * half]);
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) {
        const auto line =
            V::load_codes(lines.of(v / V::vectors) + step * core::n16::step_bytes +
                          v % V::vectors * static_cast<int>(sizeof(typename V::Bytes)));
        const auto codes = half == 0 ? reader.low(line) : reader.high(line);
        const bool fresh = s == 0 && half == 0;
        sum[v][0] = fresh ? V::product(codes, x0) : V::add_product(sum[v][0], codes, x0);
        V::pin(sum[v][0]);
        sum[v][1] = fresh ? V::product(codes, x1) : V::add_product(sum[v][1], codes, x1);
        V::pin(sum[v][1]);
      }
    }
  }
}

// out += scale 2^e sum_k (q_k - z) x_k for 16 columns of each block.
template <class V, int Blocks, class Reader>
inline void add_two_digits(const Reader& reader, const BlockLines& lines, const BlockLines& ahead,
                           int steps, const DigitChunk& x, const Group& group, float* out) {
  constexpr int vectors = Blocks * V::vectors;
  typename V::Sum total[vectors];
  const auto sums = V::broadcast_words(x.word_sums);
#pragma GCC unroll 4
  for (int v = 0; v < vectors; ++v) {
    total[v] = V::word_product(V::load_words(group.zero_words + v * 2 * V::lanes), sums);
  }
  const auto add = [&](const typename V::Sum(*sum)[2]) __attribute__((always_inline)) {
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      total[v] = V::add_widened(total[v], sum[v][0]);
      total[v] = V::add_widened_256(total[v], sum[v][1]);
    }
  };
  int step = 0;
  for (; step + Reader::segment <= steps; step += Reader::segment) {
    typename V::Sum sum[vectors][2];
    sum_blocks<V, Blocks, Reader::segment>(reader, lines, ahead, step, x, sum);
    add(sum);
  }
  for (; step < steps; ++step) {
    typename V::Sum sum[vectors][2];
    sum_blocks<V, Blocks, 1>(reader, lines, ahead, step, x, sum);
    add(sum);
  }
  add_scaled<V, vectors>(total, V::set(x.unit), group.scale, out);
}

}  // namespace halfbyte::cpu::simd
