// n = q 2^p: the sizes of transform there are. q is 1 or the smallest known order with the same odd
// part, so every n has one factorisation: 40 is 20 * 2, 80 is 20 * 4.
//
// The matrix of n is H_q (x) H_2^p: element i = a 2^p + j of a row has index a in H_q and j in
// H_2^p, Sylvester's, whose entry (j, k) is -1 to the number of bits that j and k share.
#pragma once

#include <cstdint>

#include "core/hd.h"

namespace halfbyte::core {

inline constexpr std::int64_t max_hadamard_size = 65536;

// The orders q > 1 that are no power of two times a smaller one of them: an odd part each.
inline constexpr int hadamard_orders[] = {12, 20, 28, 36, 44, 52, 60, 108, 140, 148, 156, 172};

struct HadamardSize {
  int q = 0;  // 1 or one of hadamard_orders; 0: there is no transform of this size
  int p = 0;
  HB_HD constexpr std::int64_t n() const { return static_cast<std::int64_t>(q) << p; }
  friend bool operator==(const HadamardSize&, const HadamardSize&) = default;
};

// The factors of n; q = 0 where n is no size.
HB_HD constexpr HadamardSize hadamard_size(std::int64_t n) {
  if (n < 1 || n > max_hadamard_size) return {};
  int twos = 0;
  while ((n >> twos) % 2 == 0) ++twos;
  const std::int64_t odd = n >> twos;
  if (odd == 1) return {1, twos};
  // Every order of the list is 4 times its odd part.
  constexpr int odd_parts[] = {3, 5, 7, 9, 11, 13, 15, 27, 35, 37, 39, 43};
  for (const int part : odd_parts) {
    if (part == odd && twos >= 2) return {part * 4, twos - 2};
  }
  return {};
}

}  // namespace halfbyte::core
