// The levels of a transform within vectors: lanes 2^from ... 2^(to - 1) apart.
//
// Across vectors a level is one addition an output, within them an exchange and a multiply-add.
// Passes wait for L1 (a load and a store are 1.25 cycles), tiles for the execution units: so passes
// take levels within vectors as well, all but the highest, for which loads of halves do the
// exchange. A pass that another follows takes one, the last what is left (Zen 3, f16, n = 8192,
// cycles a vector: all in tiles 9.1, in the first pass 8.4, in the last 8.5, one each 8.1).
#pragma once

#include <algorithm>

namespace halfbyte::cpu::simd {

struct Levels {
  int from = 0;
  int to = 0;
};

template <class V>
inline constexpr Levels all_levels{0, V::lane_bits};
template <class V>
inline constexpr Levels highest_level{V::lane_bits - 1, V::lane_bits};

// What the last pass takes: all but the highest.
constexpr Levels lower(Levels left) { return {left.from, std::max(left.from, left.to - 1)}; }
// What a pass before takes: one of those.
constexpr Levels lowest(Levels left) {
  return {left.from, std::min(left.from + 1, lower(left).to)};
}
constexpr Levels without(Levels left, Levels done) { return {done.to, left.to}; }

}  // namespace halfbyte::cpu::simd
