// A piece of q 2^p elements as a panel: a matrix X of `rows` rows and 64, 128 or 256 columns, of
// which y = A X H. A = H_q (x) H_(2^e) takes the rows, by wgmma from X in shared memory; H takes
// the columns in registers: 16 of them by mma.m16n8k16, whose operand is what the accumulator
// holds, and the groups of 16 by butterflies.
//
//   shared memory   chunks of 64 columns; a row of one is 128 bytes, eight units of 16, of which
//                   unit u of row r lies at u ^ r % 8 (what wgmma calls a 128-byte swizzle)
//   accumulator     a warp has 16 rows; lane 4 g + t holds, of tile j of 8 columns, columns 2t and
//                   2t + 1 of rows g and g + 8. A group of 16 columns is two tiles: bits of a
//                   column's index in it are c0 = register, c1 c2 = t, c3 = tile
//   the same as A   of mma.m16n8k16: along k the same four bits
//   its product     leaves them as c0 = register, c1 = tile, c2 c3 = t: a lane then has four
//                   adjacent columns, for the columns of H may be in any order
#pragma once

#include <cstdint>

#include "core/hadamard/order_tiles.h"
#include "core/hd.h"

namespace halfbyte::core::hadamard {

inline constexpr int chunk_row_bytes = 128;
inline constexpr int most_panel_rows = 256;
inline constexpr int panel_stage_bytes = 2048;  // a chunk of a warp's 16 rows in 16 bits

struct PanelShape {
  int rows = 0;  // 0: there is none
  int log2_chunks = 0;
};

// The panel of a piece of q 2^p elements: of those with 33 ... 256 rows the one with the least
// work, which is padded rows times what a row costs: matrix instructions by its length, and
// everything else. 256 columns take twice the registers: where there is no other.
constexpr PanelShape panel_of(int q, int p) {
  PanelShape best{};
  double least = 0;
  for (int log2_chunks = 0; log2_chunks <= 2; ++log2_chunks) {
    const int e = p - 6 - log2_chunks;
    if (e < 0 || e > 8 || q > most_panel_rows >> e) continue;
    const int rows = q << e;
    if (rows <= 32 || (log2_chunks == 2 && best.rows != 0)) continue;
    constexpr int everything_else = 96;
    const int padded = (rows + 63) / 64 * 64;
    const double work = 1.0 * padded / rows * (16 * order_tiles(rows) + everything_else);
    if (best.rows == 0 || work < least) best = {rows, log2_chunks}, least = work;
  }
  return best;
}

// Of a chunk with so many tiles of 16 rows.
HB_HD constexpr int chunk_bytes(int tiles) { return tiles * 16 * chunk_row_bytes; }

// Words of packed signs of a row of tiles of A.
HB_HD constexpr int panel_row_words(int tiles) { return (tiles + 3) / 4; }

// Where unit `unit` of a chunk's row lies in the chunk, in units.
HB_HD constexpr int panel_place(int row, int unit) { return 8 * row + (unit ^ (row & 7)); }

// Column of a group that column `n` of output tile `tile` is.
HB_HD constexpr int panel_column(int tile, int n) { return (n & 1) | tile << 1 | (n >> 1) << 2; }

// B for H of 16 on the columns of a group: the entry of row k and column c has the sign of the
// bits that they share. With k = half, t (2 bits), register and c = g0, tile, g1, g2 of lane 4 g +
// t that is half g0 + t0 tile + t1 g1 + register g2: a word for tile 0 and register 0, and what
// flips the others.
struct ColumnSigns {
  std::uint32_t base, tile, reg;
  HB_HD constexpr std::uint32_t word(int of_tile, int of_reg) const {
    return base ^ (of_tile != 0 ? tile : 0) ^ (of_reg != 0 ? reg : 0);
  }
};
HB_HD constexpr ColumnSigns column_signs(std::uint32_t power, int lane) {
  constexpr std::uint32_t both = 0x80008000U;
  const int g = lane / 4, t = lane % 4;
  const std::uint32_t high = (g & 1) != 0 ? 0x80000000U : 0;
  return {(power * 0x00010001U) ^ high ^ ((t & g & 2) != 0 ? both : 0), (t & 1) != 0 ? both : 0,
          (g & 4) != 0 ? both : 0};
}

// On its way out a chunk of a warp's 16 rows lies in units of eight elements; of `bits` bits each.
// Lanes 4 g + t write half units 4 group + t of rows g (+ 8), then read a unit each, row after row:
// the places are turned so that both hit all banks.
HB_HD constexpr int panel_out_place(int row, int unit, int bits) {
  const int turn = bits == 16 ? row % 4 : row / 2 % 4;
  return 8 * row + (unit ^ 2 * turn);
}

}  // namespace halfbyte::core::hadamard
