// H of 8 ... 256 elements on a tile of 256 by two passes of mma.m16n8k16, without a shuffle.
//
// Lane t of a warp holds elements 8t ... 8t + 7 of the tile as four words q of two halves: bits of
// an element's index are e0 = half, e1 e2 = q, e3 ... e7 = lane bits 0 ... 4. H commutes with any
// permutation of index bits that is applied on both sides, so each pass contracts the four bits
// that lie along k of the B fragment, wherever they belong:
//
//                     half  lane0 lane1 register | lane2 lane3 lane4 | pair
//   pass 1, B   k:    e0    e3    e4    e1       | e5    e6    e7    | e2     words (q, q + 1)
//           C         e5    e6    e7    e1       | e0    e3    e4    | e2
//   pass 2, B   k:    e5    e6    e7    e2       | e0    e3    e4    | e1     words of both pairs
//           C         e0    e3    e4    e2       | e5    e6    e7    | e1     the place it came
//           from
//
// A C fragment is the next B fragment with the two triples of lane bits swapped, which is what its
// own layout does. For fewer than 256 elements A is H on the bits of the mask and the identity on
// the others. Idea: tensor cores for Hadamard transforms, arXiv 2412.08832, section 3.
#pragma once

#include <cstdint>

#include "core/fragment/mma_m16n8k16.h"
#include "core/hd.h"

namespace halfbyte::core::hadamard {

inline constexpr int tile_log2 = 8;
inline constexpr int tile_elements = 1 << tile_log2;
inline constexpr int vector_elements = 8;  // 16 bytes: what a lane loads and stores at once
inline constexpr int tile_vectors = tile_elements / vector_elements;

// Bits of k that a pass contracts, k0 = half, k1 = lane0, k2 = lane1, k3 = register.
struct Masks {
  int first, second;
  friend constexpr bool operator==(const Masks&, const Masks&) = default;
};

// The masks for transforms of 2^log2_n elements; above 256 the higher bits are not the tile's.
HB_HD constexpr Masks masks_of(int log2_n) {
  constexpr int first_bits[4] = {0, 3, 4, 1}, second_bits[4] = {5, 6, 7, 2};
  Masks masks{0, 0};
  for (int i = 0; i < 4; ++i) {
    if (first_bits[i] < log2_n) masks.first |= 1 << i;
    if (second_bits[i] < log2_n) masks.second |= 1 << i;
  }
  return masks;
}

HB_HD constexpr int bits_set(int mask) {
  int count = 0;
  for (int i = 0; i < 16; ++i) count += mask >> i & 1;
  return count;
}

HB_HD constexpr int log2_of(int power_of_two) {
  int bits = 0;
  while (1 << bits < power_of_two) ++bits;
  return bits;
}

// Sign of an entry of A, or 0: H on the bits of the mask, the identity on the others.
HB_HD constexpr int a_sign(int mask, int row, int column) {
  if (((row ^ column) & ~mask & 15) != 0) return 0;
  return bits_set(row & column & mask) % 2 == 0 ? 1 : -1;
}

// The passes divide by as much as they sum, so that no intermediate value can leave the range of
// the inputs: pass 1 by its 2^bits, pass 2 by the rest of n, also by what is summed after it.
struct Exponents {
  int first, second;  // A holds +-2^-exponent
};
HB_HD constexpr Exponents exponents_of(int log2_n) {
  const int first = bits_set(masks_of(log2_n).first);
  return {first, log2_n - first};
}

// 2^-exponent in 16 bits, exact. f16: 0 ... 24, subnormal from 15 on; bf16: 0 ... 126.
HB_HD constexpr std::uint32_t f16_power(int exponent) {
  return exponent < 15 ? static_cast<std::uint32_t>(15 - exponent) << 10
                       : std::uint32_t{1} << (24 - exponent);
}
HB_HD constexpr std::uint32_t bf16_power(int exponent) {
  return static_cast<std::uint32_t>(127 - exponent) << 7;
}

// Register `reg` of A for a lane, the a_sign of its two entries times the 16-bit number `power`, in
// few instructions: what a lane's four registers differ in is bit 3 of row and column.
HB_HD constexpr std::uint32_t a_word(int mask, std::uint32_t power, int lane, int reg) {
  const int row = lane / 4, column = lane % 4 * 2;  // of register 0's lower half
  const bool one_bit3 = reg == 1 || reg == 2, both_bit3 = reg == 3;
  if (one_bit3 && (mask & 8) == 0) return 0;
  const int differ = (row ^ column) & ~mask & 7, differ_next = (row ^ column ^ 1) & ~mask & 7;
  const int both = row & column & mask;  // bits 1 and 2
  const int sign = ((both >> 1 ^ both >> 2) & 1) ^ (both_bit3 ? mask >> 3 & 1 : 0);
  const int sign_next = sign ^ (row & mask & 1);
  const std::uint32_t low = differ == 0 ? power | static_cast<std::uint32_t>(sign) << 15 : 0;
  const std::uint32_t high =
      differ_next == 0 ? power | static_cast<std::uint32_t>(sign_next) << 15 : 0;
  return low | high << 16;
}

// Element of the lane's eight that register `reg` of pass 2's C fragment for pair e1 holds.
HB_HD constexpr int element_of(int e1, int reg) { return reg % 2 + 2 * e1 + 4 * (reg / 2); }

}  // namespace halfbyte::core::hadamard
