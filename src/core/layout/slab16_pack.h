// Codes between the canonical stream of a column and the layout slab16: what the host's loops and
// the GPU's threads do for one word, and for one run of 8 codes on the way back.
#pragma once

#include "core/layout/slab16.h"

namespace halfbyte::core::slab16 {

// A column's codes as QuantizedWeight holds them: fields of `bits`, lowest bit first.
struct Columns {
  const std::uint8_t* codes;
  std::int64_t bytes_per_column;
  std::int64_t k, n;
  int bits;

  HB_HD constexpr std::uint32_t code(std::int64_t row, std::int64_t column) const {
    const std::int64_t bit = row * bits;
    const std::uint8_t* from = codes + column * bytes_per_column + bit / 8;
    std::uint32_t two = from[0];
    if (bit % 8 + bits > 8) two |= static_cast<std::uint32_t>(from[1]) << 8;
    return two >> (bit % 8) & ((1U << bits) - 1U);
  }
};

// Word `word` of the packed codes. source[p] is the row of W at position p, -1 for padding; null:
// row p. Padding is 0.
HB_HD constexpr std::uint32_t pack_word(const Columns& from, const std::int32_t* source,
                                        std::int64_t word, std::int64_t block_count,
                                        int code_bits) {
  std::uint32_t packed = 0;
  for (int i = 0; i < codes_per_word(code_bits); ++i) {
    const Element at = element_of(word, i, block_count, code_bits);
    const std::int64_t row = source != nullptr ? source[at.position] : at.position;
    if (row < 0 || row >= from.k || at.column >= from.n) continue;
    packed |= from.code(row, at.column) << (i * code_bits);
  }
  return packed;
}

HB_HD constexpr std::uint32_t packed_code(const std::uint8_t* packed, std::int64_t position,
                                          std::int64_t column, std::int64_t block_count,
                                          int code_bits) {
  const CodePlace at = code_place(position, column, block_count, code_bits);
  return packed[at.byte] >> at.shift & ((1U << code_bits) - 1U);
}

// Writes the codes of rows 8 run ... 8 run + 7 of a column: `bits` bytes, fewer at the column's
// end. position[r] is where row r lies; null: at r.
HB_HD constexpr void unpack_run(const std::uint8_t* packed, const std::int32_t* position,
                                std::int64_t run, std::int64_t column, std::int64_t block_count,
                                int code_bits, const Columns& to, std::uint8_t* codes) {
  std::uint64_t stream = 0;
  for (int i = 0; i < 8 && 8 * run + i < to.k; ++i) {
    const std::int64_t row = 8 * run + i;
    const std::int64_t p = position != nullptr ? position[row] : row;
    stream |= static_cast<std::uint64_t>(packed_code(packed, p, column, block_count, code_bits))
              << (i * to.bits);
  }
  std::uint8_t* out = codes + column * to.bytes_per_column + run * to.bits;
  for (int b = 0; b < to.bits && run * to.bits + b < to.bytes_per_column; ++b) {
    out[b] = static_cast<std::uint8_t>(stream >> (8 * b));
  }
}

}  // namespace halfbyte::core::slab16
