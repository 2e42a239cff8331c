// Words: several rows of x whose chunk fits 16 bits, as int16, in one pass over the codes.
//
// A line is unpacked to pairs of 16-bit codes in registers, and each pair serves all rows:
// vpmaddwd adds two products, vpaddd adds them up in 32 bits, where a chunk of 128 k fits (31 x 128
// x 2^15 < 2^27). Sums start at -z sum_k x, so that they end as the integer
//
//   sum_k (q_k - z) x_k
//
// of one or two digits: a row has the bits that digits.h gives it, in any company.
//
// Zen 3, operations a step (8 k x 16 columns): 14 to unpack, 16 a row; two digits one by one are
// 16, 2 to widen and 6 to unpack. Measured in L1, cycles a step and row: 8.2, 6.5, 6.0, 6.1, 5.9
// for 1 to 5 rows, 7.2 for a row of two digits. The floor is 4; vpaddd takes slots of the two pipes
// that multiply. Up to two rows take two blocks of columns at once: no fewer cycles in cache, but
// from memory m = 2 takes 416 us instead of 444 (4096 x 4096).
//
// Tried before: two rows of two digits on shared unpacked bytes (6.4); codes as int16 in L1, 4 KiB
// a chunk (5.6 at 4 rows, 5.3 at 6, and 8 cycles of stores a step for all rows); vectors outside,
// rows inside (the same up to 4 rows, 9 % slower at 5); pairs straight from the line, 12 operations
// instead of 14 (within 1 %); rows one by one on unpacked bytes in L1 (9.5, with the ends of each
// row's chunk).
#pragma once

#include <cstdint>

#include "cpu/simd/digits.h"

namespace halfbyte::cpu::simd {

// One row's chunk of x and its sums, of the tile's first column on.
struct WordRow {
  const DigitChunk* x;
  float* out;
};

// total[r][v] += codes of the even or odd bytes of each lane times a pair of x[r]'s words.
template <class V, int Blocks, int Rows>
inline __attribute__((always_inline)) void add_pairs(
    const typename V::Bytes* codes, int odd, const DigitChunk* const* x, int at,
    typename V::Sum (*total)[Blocks * V::vectors]) {
  constexpr int vectors = Blocks * V::vectors;
  typename V::Bytes pair[vectors];
#pragma GCC unroll 4
  for (int v = 0; v < vectors; ++v) {
    pair[v] = odd == 0 ? V::even_bytes(codes[v]) : V::odd_bytes(codes[v]);
  }
#pragma GCC unroll 8
  for (int r = 0; r < Rows; ++r) {
    const auto words = V::broadcast_words(&x[r]->words[at]);
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      total[r][v] = V::add_word_product(total[r][v], pair[v], words);
      V::pin(total[r][v]);
    }
  }
}

// out += scale * 2^e sum_k (q_k - z) x_k for 16 columns of each block and `Rows` rows.
template <class V, int Blocks, int Rows, class Reader>
inline void add_word_rows(const Reader& reader, const BlockLines& lines, int steps,
                          const Group& group, const WordRow* rows, std::int64_t column) {
  constexpr int vectors = Blocks * V::vectors;
  const DigitChunk* x[Rows];
  typename V::Sum total[Rows][vectors];
#pragma GCC unroll 8
  for (int r = 0; r < Rows; ++r) {
    x[r] = rows[r].x;
    const auto sums = V::broadcast_words(x[r]->word_sums);
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      total[r][v] = V::word_product(V::load_words(group.zero_words + v * 2 * V::lanes), sums);
    }
  }
  for (int step = 0; step < steps; ++step) {
#pragma GCC unroll 2
    for (int half = 0; half < 2; ++half) {
      typename V::Bytes codes[vectors];
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) {
        const auto line =
            V::load_codes(lines.of(v / V::vectors) + step * core::n16::step_bytes +
                          v % V::vectors * static_cast<int>(sizeof(typename V::Bytes)));
        codes[v] = half == 0 ? reader.low(line) : reader.high(line);
      }
#pragma GCC unroll 2
      for (int odd = 0; odd < 2; ++odd) {
        const int at = 8 * step + 4 * half + 2 * odd;
        add_pairs<V, Blocks, Rows>(codes, odd, x, at, total);
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < Rows; ++r) {
    add_scaled<V, vectors>(total[r], V::set(x[r]->unit), group.scale, rows[r].out + column);
  }
}

template <class V, int Blocks, int Rows, class Reader>
inline void add_any_word_rows(int count, const Reader& reader, const BlockLines& lines, int steps,
                              const Group& group, const WordRow* rows, std::int64_t column) {
  if (count == Rows)
    return add_word_rows<V, Blocks, Rows>(reader, lines, steps, group, rows, column);
  if constexpr (Rows > 1) {
    add_any_word_rows<V, Blocks, Rows - 1>(count, reader, lines, steps, group, rows, column);
  }
}

}  // namespace halfbyte::cpu::simd
