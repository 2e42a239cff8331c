// The packed layout "cuda/slab16": codes in the order in which the lanes of a warp feed them to
// mma.m16n8k16 as its A operand (16 output columns of W are the 16 rows of A). Worked example:
// docs/formats.md.
//
// Columns of W are cut into slabs of 16, k positions into blocks of 64. A block of a slab is what a
// warp multiplies in four matrix steps of k = 16; for 4-bit codes it is 512 bytes, one 16-byte load
// a lane, for 8-bit codes twice that. The four slabs of a row of 64 columns lie side by side, block
// by block, so that a tile of 64 columns is read as one stream:
//
//   byte = ((slab / 4 * blocks + block) * 4 + slab % 4) * block_bytes + vector * 512 + lane * 16 +
//   ...
//
// The sum over k may run in any order, so k is dealt to lanes such that x needs no shuffling: in
// half h of a block, lane 4g + t owns the 8 adjacent positions 32 h + 8 t + (0 ... 7), which it
// reads from x as 16 bytes. The first four of them are matrix step 2h, the others step 2h + 1:
//
//   o = k position within the block = 32 h + 8 t + 4 u + 2 v + w    (h, u, v, w = 0 or 1)
//   matrix step 2h + u, lane 4 g + t, A register 2 v + (column >= 8), half w, with g = column % 8
//
// A step's 8 codes of a lane are one 32-bit word (4 bits) or two (8 bits):
//
//   4 bits   nibble r + 4 w holds register r, half w: a register is the nibble pair (r, r + 4),
//            16 bits apart, as the conversion by bit pattern wants it (cuda/format/u4.cuh)
//   8 bits   byte 2 r + w of 8 holds register r, half w
//
// Scales, zeros and offsets lie in rows of 64 columns in lane order: lane group g finds those of
// its 8 columns (4 slabs x 2 halves) side by side, at g * 8 + 2 * slab + (column >= 8).
#pragma once

#include <cstdint>

#include "core/hd.h"

namespace halfbyte::core::slab16 {

inline constexpr std::int64_t slab_columns = 16;
inline constexpr std::int64_t block_k = 64;
inline constexpr std::int64_t lanes = 32;
inline constexpr std::int64_t vector_bytes = 16;
// Columns of a row of scales; n is padded to this.
inline constexpr std::int64_t row_columns = 64;
inline constexpr std::int64_t row_slabs = row_columns / slab_columns;
// Scales may change every this many positions: two matrix steps, which share 16 bytes of x a lane.
inline constexpr std::int64_t segment_k = 32;

struct CodePlace {
  std::int64_t byte;
  int shift;
  friend constexpr bool operator==(const CodePlace&, const CodePlace&) = default;
};
struct Element {
  std::int64_t position, column;
  friend constexpr bool operator==(const Element&, const Element&) = default;
};

HB_HD constexpr std::int64_t padded_n(std::int64_t n) {
  return (n + row_columns - 1) / row_columns * row_columns;
}
HB_HD constexpr std::int64_t blocks(std::int64_t positions) {
  return (positions + block_k - 1) / block_k;
}
// Bytes of one block of one slab.
HB_HD constexpr std::int64_t block_bytes(int code_bits) {
  return slab_columns * block_k * code_bits / 8;
}
HB_HD constexpr std::int64_t code_bytes(std::int64_t positions, std::int64_t n, int code_bits) {
  return padded_n(n) / slab_columns * blocks(positions) * block_bytes(code_bits);
}

// Where the code of (position, column) lies; the whole layout.
HB_HD constexpr CodePlace code_place(std::int64_t position, std::int64_t column,
                                     std::int64_t block_count, int code_bits) {
  const std::int64_t slab = column / slab_columns, block = position / block_k;
  const int c = static_cast<int>(column % slab_columns), o = static_cast<int>(position % block_k);
  const int lane = 4 * (c % 8) + o / 8 % 4;
  const int step = 2 * (o / 32) + o / 4 % 2;
  const int reg = 2 * (o / 2 % 2) + c / 8, half = o % 2;
  const int in_lane = step * code_bits;  // bytes: 8 codes a step
  const std::int64_t place =
      (slab / row_slabs * block_count + block) * row_slabs + slab % row_slabs;
  const std::int64_t byte = place * block_bytes(code_bits) +
                            in_lane / vector_bytes * (lanes * vector_bytes) + lane * vector_bytes +
                            in_lane % vector_bytes;
  if (code_bits == 4) {
    const int nibble = reg + 4 * half;
    return {byte + nibble / 2, nibble % 2 * 4};
  }
  return {byte + 2 * reg + half, 0};
}

// The inverse for one 32-bit word of the packed codes: which element its i-th code is.
HB_HD constexpr Element element_of(std::int64_t word, int i, std::int64_t block_count,
                                   int code_bits) {
  const std::int64_t byte = word * 4;
  const std::int64_t in_block = byte % block_bytes(code_bits);
  const std::int64_t place = byte / block_bytes(code_bits);
  const std::int64_t block = place / row_slabs % block_count;
  const std::int64_t slab = place / row_slabs / block_count * row_slabs + place % row_slabs;
  const int vector = static_cast<int>(in_block / (lanes * vector_bytes));
  const int lane = static_cast<int>(in_block / vector_bytes % lanes);
  const int in_lane = static_cast<int>(vector * vector_bytes + in_block % vector_bytes);
  const int step = in_lane / code_bits;
  int reg = i % 4, half = i / 4;
  if (code_bits == 8) {
    const int b = in_lane % 8 + i;
    reg = b / 2;
    half = b % 2;
  }
  const int column = lane / 4 + 8 * (reg % 2);
  const int o = 32 * (step / 2) + 8 * (lane % 4) + 4 * (step % 2) + 2 * (reg / 2) + half;
  return {block * block_k + o, slab * slab_columns + column};
}
HB_HD constexpr int codes_per_word(int code_bits) { return 32 / code_bits; }

// The index of (row, column) in the scales and offsets, and among the zeros' fields.
HB_HD constexpr std::int64_t scale_place(std::int64_t row, std::int64_t column, std::int64_t rows) {
  const int c = static_cast<int>(column % row_columns);
  return (column / row_columns * rows + row) * row_columns + c % 8 * 8 + c / 16 * 2 + c / 8 % 2;
}

// The row of scales of a k position: rows are 2^shift segments long.
HB_HD constexpr std::int64_t scale_row(std::int64_t position, int shift) {
  return position / segment_k >> shift;
}

}  // namespace halfbyte::core::slab16
