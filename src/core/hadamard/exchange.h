// A row in f32 between its two phases: in the first a warp has a piece of consecutive elements, in
// the second a thread has the same few columns of every piece.
//
//   piece 0 | tile 0: lane 0's 8, lane 1's 8, ... | tile 1 ...        8 floats are two units of
//   piece 1 |   ^ columns                                             16 bytes
//   ...         | a thread of phase 2
//
// Shared memory serves 16-byte accesses eight lanes at a time, which must hit the eight groups of
// four banks once each. Lanes t of phase 1 hit units 2t: even ones only. So the lowest bit of a
// unit's place is flipped where bit 3 of the unit is set: lanes 4 ... 7 hit odd ones. Eight
// consecutive units stay eight different ones, which serves phase 2.
#pragma once

#include "core/hd.h"

namespace halfbyte::core::hadamard {

inline constexpr int unit_floats = 4;

// Where a unit of a piece lies in it, in units.
HB_HD constexpr int unit_place(int unit) { return unit ^ (unit >> 3 & 1); }

// Where column `c` of a piece lies in it, in floats.
HB_HD constexpr int column_place(int c) {
  return unit_place(c / unit_floats) * unit_floats + c % unit_floats;
}

// How phase 2 divides the columns of pieces of `columns` elements among `threads` threads: vector j
// of thread i is columns width * (i + threads * j) ... + width - 1, j = 0 ... vectors - 1.
struct ColumnShare {
  int width, vectors;
};
HB_HD constexpr ColumnShare column_share(int columns, int threads) {
  const int each = columns / threads;
  return each >= 8 ? ColumnShare{8, each / 8} : ColumnShare{each, 1};
}

}  // namespace halfbyte::core::hadamard
