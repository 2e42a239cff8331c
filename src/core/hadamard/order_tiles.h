// H of order q on the pieces of a row by mma.m16n8k16, and the numbers that it leaves for H of 2^p.
// A piece is a matrix of q rows a and 2^p columns c: B. A holds the signs of H_q, in tiles of
// 16 x 16 with nothing beyond q.
//
//   a lane 4 g + t of a warp brings, of rows 2t, 2t + 1, 2t + 8 and 2t + 9 of a tile of k, `width`
//   adjacent columns, block g / 2 + 4 (g % 2) of the chunk of 8 width columns that the warp has.
//   Column j of every lane's block makes fragment j. Its C then has, of rows g and g + 8, column j
//   of blocks t (from n = 2t) and t + 4 (from n = 2t + 1): over all fragments `width` adjacent
//   columns of each.
//
// In shared memory the 16-bit numbers lie in the order of the piece, in units of eight. A unit's
// place is turned by its row, so that 16-byte stores of two rows, and 8-byte stores of four, hit
// all banks once. Reading a unit a lane, one after the other, does so anyway.
#pragma once

#include <cstdint>

#include "core/hd.h"

namespace halfbyte::core::hadamard {

HB_HD constexpr int order_tiles(int q) { return (q + 15) / 16; }

// The block of columns that group g of a warp's lanes brings.
HB_HD constexpr int order_block(int g) { return g / 2 + 4 * (g % 2); }

// Row of tile k that a lane brings as its `r`-th, r = 0 ... 3: pairs of them are B's registers.
HB_HD constexpr int order_row(int t, int r) { return 2 * t + r % 2 + 8 * (r / 2); }

// Where unit `unit` of a piece lies, in units. p is at least 6: a row has whole groups of eight.
HB_HD constexpr int order_unit_place(int unit, int p) {
  const int row = unit >> (p - 3);
  return unit ^ ((row & 1) << 2 | (row & 2));
}

// Signs of A for a lane: bit 15 (lower half) and 31 (upper half) of word << shift belong to
// register `reg` of the tile of rows `row` and of columns `k`. Four tiles to a word; a row of tiles
// begins a word and takes `row_words`: in hadamard_order as many as the largest q of its kernel, so
// that shifts are constants there (sign_row_words).
struct SignBits {
  int word, shift;
};
HB_HD constexpr int sign_row_words(int tiles) { return tiles <= 4 ? 1 : 3; }
HB_HD constexpr SignBits sign_bits(int row_words, int row, int k, int reg) {
  return {row * row_words + k / 4, k % 4 * 4 + reg};
}
HB_HD constexpr int sign_words_of(int q) { return order_tiles(q) * sign_row_words(order_tiles(q)); }

}  // namespace halfbyte::core::hadamard
