// The CPU's packed layout "n16": where the code of (k, n) lies. Docs with a worked example:
// docs/formats.md.
//
// Columns of W are cut into blocks of 16. A block is one linear stream of 64-byte cache lines, one
// a "step": 8 k for 4-bit codes, 4 k for 8-bit ones. In a line each column owns 4 adjacent bytes,
// so a lane of 32 bits belongs to one output and no sum ever crosses lanes:
//
//   4 bits   byte 4c + b of a step holds k = b in its low half, k = 4 + b in its high half
//   8 bits   byte 4c + b of a step holds k = b
//
// AVX2 reads a line as two vectors (columns 0-7, 8-15), AVX-512 as one.
#pragma once

#include <cstdint>

#include "core/hd.h"

namespace halfbyte::core::n16 {

inline constexpr std::int64_t block_columns = 16;
inline constexpr std::int64_t step_bytes = 64;
// k positions of a group are divided into chunks of at most this many: the unit of k for schedules,
// and of the shared exponent of x in the kernels that work on digits.
inline constexpr std::int64_t chunk_k = 128;
// Every group starts at a multiple of this many k positions.
inline constexpr std::int64_t k_align = 8;

HB_HD constexpr std::int64_t blocks(std::int64_t n) {
  return (n + block_columns - 1) / block_columns;
}
HB_HD constexpr std::int64_t k_per_step(int container_bits) { return 32 / container_bits; }

// Bytes of one block of k_padded positions.
HB_HD constexpr std::int64_t block_bytes(std::int64_t k_padded, int container_bits) {
  return k_padded / k_per_step(container_bits) * step_bytes;
}

struct CodePlace {
  std::int64_t byte;
  int shift;
};

// The byte within its block, and the shift within the byte, of k position p and column c (0 ...
// 15).
HB_HD constexpr CodePlace code_place(std::int64_t p, std::int64_t c, int container_bits) {
  const std::int64_t step = p / k_per_step(container_bits);
  const std::int64_t within = p % k_per_step(container_bits);
  return {step * step_bytes + c * 4 + within % 4, static_cast<int>(within / 4 * 4)};
}

// Where the x of position p lies among 16-bit words that multiply a line's 4-bit codes in pairs:
// bytes 0 and 2 of a lane are unpacked to one pair, bytes 1 and 3 to the next.
HB_HD constexpr std::int64_t word_place(std::int64_t p) {
  return p / 4 * 4 + p % 2 * 2 + p % 4 / 2;
}

}  // namespace halfbyte::core::n16
