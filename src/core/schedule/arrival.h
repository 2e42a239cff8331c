// The last arriver of a tile adds its partial sums. Nobody waits: every worker leaves its sum and
// arrives; who arrives last, and only then, adds all sums in slice order. One resident worker is
// enough, and the bits do not depend on who was last.
//
// A tile's counter is one 64-bit word of a workspace with any content: the upper bits hold a tag
// that says "this word is a counter", the lower ones the arrivals. The first to find another tag
// makes it a counter; the last one sets it back to none, so that the next call, or the next replay
// of the same graph, needs no clearing. (A word that holds the tag by accident, 2^-40, is the only
// content that would be misread.)
#pragma once

#include <cstdint>

#include "core/hd.h"

namespace halfbyte::core {

struct Arrivals {
  static constexpr int count_bits = 24;
  static constexpr std::int64_t max_slices = (std::int64_t{1} << count_bits) - 1;
  static constexpr std::uint64_t none = std::uint64_t{0x9E3779B97F} << count_bits;

  HB_HD static constexpr bool is_counter(std::uint64_t word) {
    return word >> count_bits == none >> count_bits;
  }
};

// Counts one arrival at a tile of `slices`; whether it was the last. `word` is the counter, with
//   load()              its value
//   add_one()           adds 1, returns the value before
//   swap(from, to)      stores `to` if the value is `from`, returns the value before
//   store(value)
// each of them one atomic step on memory that all workers share.
template <class Word>
HB_HD bool arrive(Word& word, std::int64_t slices) {
  std::uint64_t before = word.add_one();
  while (
      !Arrivals::is_counter(before)) {  // the workspace was dirty: that 1 was lost in its content
    before = word.load();
    if (Arrivals::is_counter(before)) {
      before = word.add_one();
    } else if (word.swap(before, Arrivals::none + 1) == before) {
      before = Arrivals::none;
    }
  }
  const bool last = static_cast<std::int64_t>(before - Arrivals::none) + 1 == slices;
  if (last) word.store(Arrivals::none);
  return last;
}

}  // namespace halfbyte::core
