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
// that multiply.
//
// Tried before: two rows of two digits on shared unpacked bytes (6.4); codes as int16 in L1, 4 KiB
// a chunk (5.6 at 4 rows, 5.3 at 6, and 8 cycles of stores a step for all rows); rows one by one on
// unpacked bytes in L1 (8.6 and more, with the ends of each row's chunk).
#pragma once

#include <cstdint>

#include "cpu/simd/digits.h"

namespace halfbyte::cpu::simd {

// One row's chunk of x and its 16 sums.
struct WordRow {
  const DigitChunk* x;
  float* out;
};

// Adds codes[v] times the words from `at` on of every row: first the even bytes of each lane, then
// the odd ones.
template <class V, int Rows>
inline __attribute__((always_inline)) void add_words(const typename V::Bytes* codes,
                                                     const DigitChunk* const* x, int at,
                                                     typename V::Sum (*total)[V::vectors]) {
#pragma GCC unroll 2
  for (int odd = 0; odd < 2; ++odd) {
    typename V::Bytes pair[V::vectors];
#pragma GCC unroll 2
    for (int v = 0; v < V::vectors; ++v) {
      pair[v] = odd == 0 ? V::even_bytes(codes[v]) : V::odd_bytes(codes[v]);
    }
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
      const auto words = V::broadcast_words(&x[r]->words[at + 2 * odd]);
#pragma GCC unroll 2
      for (int v = 0; v < V::vectors; ++v) {
        total[r][v] = V::add_word_product(total[r][v], pair[v], words);
        V::pin(total[r][v]);
      }
    }
  }
}

// out += scale * 2^e sum_k (q_k - z) x_k for `Rows` rows.
template <class V, int Rows, class Reader>
inline void add_word_rows(const Reader& reader, const std::uint8_t* lines, int steps,
                          const Group& group, const WordRow* rows) {
  const DigitChunk* x[Rows];
  typename V::Sum total[Rows][V::vectors];
#pragma GCC unroll 8
  for (int r = 0; r < Rows; ++r) {
    x[r] = rows[r].x;
    const auto sums = V::broadcast_words(x[r]->word_sums);
#pragma GCC unroll 2
    for (int v = 0; v < V::vectors; ++v) {
      total[r][v] = V::word_product(V::load_words(group.zero_words + v * 2 * V::lanes), sums);
    }
  }
  for (int step = 0; step < steps; ++step, lines += core::n16::step_bytes) {
    __builtin_prefetch(lines + prefetch_bytes);
    typename V::Bytes line[V::vectors];
    typename V::Bytes codes[V::vectors];
#pragma GCC unroll 2
    for (int v = 0; v < V::vectors; ++v) {
      line[v] = V::load_codes(lines + v * static_cast<int>(sizeof line[v]));
      codes[v] = reader.low(line[v]);
    }
    add_words<V, Rows>(codes, x, 8 * step, total);
#pragma GCC unroll 2
    for (int v = 0; v < V::vectors; ++v) codes[v] = reader.high(line[v]);
    add_words<V, Rows>(codes, x, 8 * step + 4, total);
  }
#pragma GCC unroll 8
  for (int r = 0; r < Rows; ++r) {
    add_scaled<V>(total[r], V::set(x[r]->unit), group.scale, rows[r].out);
  }
}

template <class V, class Reader, int Rows = V::word_rows>
inline void add_any_word_rows(int count, const Reader& reader, const std::uint8_t* lines, int steps,
                              const Group& group, const WordRow* rows) {
  if (count == Rows) return add_word_rows<V, Rows>(reader, lines, steps, group, rows);
  if constexpr (Rows > 1) {
    add_any_word_rows<V, Reader, Rows - 1>(count, reader, lines, steps, group, rows);
  }
}

}  // namespace halfbyte::cpu::simd
