// H of order q on the pieces of a row by mma.m16n8k16: the row is a matrix of q rows a and 2^p
// columns, B; A holds the signs of H_q, in tiles of 16 x 16 with nothing beyond q.
//
// In shared memory row a has its 2^p 16-bit numbers in units of 16 bytes, the 8 x 8 matrices' rows
// of ldmatrix. A step of a warp is 16 columns, two B fragments j = 0, 1: column n of fragment j is
//
//   c % 16 = 4 (n / 2) + 2 j + n % 2
//
// so that the two C fragments give a lane four adjacent columns. The units of the two fragments lie
// half a row apart, and their places are rotated by the row, so that the eight rows that ldmatrix
// reads at once lie in the eight groups of four banks.
#pragma once

#include <cstdint>

#include "core/hd.h"

namespace halfbyte::core::hadamard {

inline constexpr int order_step_columns = 16;

HB_HD constexpr int order_tiles(int q) { return (q + 15) / 16; }

// The place of a unit of row a, in units from the begin of the matrix.
HB_HD constexpr int order_unit_place(int a, int unit, int p) {
  const int units = 1 << (p - 3);
  const int turned = p >= 6 ? a : a >> (6 - p);
  return a * units + (unit ^ (turned & (units < 8 ? units - 1 : 7)));
}

// Where fragment j of step `step` lies in a row.
HB_HD constexpr int order_unit(int step, int j, int p) { return step + (j << (p - 4)); }

// Where column c of a row is: its unit and the number's place in that.
struct OrderColumn {
  int unit, number;
};
HB_HD constexpr OrderColumn order_column(int c, int p) {
  const int in_step = c % order_step_columns;
  const int n = in_step / 4 * 2 + in_step % 2, j = in_step / 2 % 2;
  return {order_unit(c / order_step_columns, j, p), n};
}

// Signs of A for a lane: bit 15 (lower half) and 31 (upper half) of word << shift belong to a
// register of a tile. Tiles are counted row by row, four registers each, four tiles to a word.
struct SignBits {
  int word, shift;
};
HB_HD constexpr SignBits sign_bits(int tile, int reg) { return {tile / 4, tile % 4 * 4 + reg}; }
HB_HD constexpr int sign_words_of(int q) { return (order_tiles(q) * order_tiles(q) + 3) / 4; }

}  // namespace halfbyte::core::hadamard
