// Which lane and register of mma.sync.m16n8k16 (16-bit operands, f32 sums) holds which element. PTX
// ISA manual 9.0, chapter "Warp Level Matrix Instructions", "Matrix Fragments for mma.m16n8k16 with
// floating point type". A is 16 x 16, B 16 x 8, C 16 x 8; a register of A or B holds two elements,
// the lower half first.
//
//   lane = 4 g + t, g = 0 ... 7, t = 0 ... 3
//   A register r   row g + 8 (r % 2), columns 2t + 8 (r / 2) + {0, 1}
//   B register r   rows 2t + 8 r + {0, 1}, column g
//   C register r   row g + 8 (r / 2), column 2t + r % 2
#pragma once

#include "core/hd.h"

namespace halfbyte::core::mma_m16n8k16 {

struct Coord {
  int row, column;
  friend constexpr bool operator==(const Coord&, const Coord&) = default;
};

HB_HD constexpr Coord a_coord(int lane, int reg, int half) {
  return {lane / 4 + 8 * (reg % 2), 2 * (lane % 4) + 8 * (reg / 2) + half};
}
HB_HD constexpr Coord b_coord(int lane, int reg, int half) {
  return {2 * (lane % 4) + 8 * reg + half, lane / 4};
}
HB_HD constexpr Coord c_coord(int lane, int reg) {
  return {lane / 4 + 8 * (reg / 2), 2 * (lane % 4) + reg % 2};
}

}  // namespace halfbyte::core::mma_m16n8k16
