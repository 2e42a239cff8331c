// What every schedule speaks of: problems made of output tiles, tiles that need k blocks, and work
// items that give one worker some k blocks of one tile.
//
// A schedule is a value with these members, all pure functions of integers:
//   workers()            how many workers (thread blocks, tasks) there are
//   items(worker)        how many items that worker has
//   item(worker, i)      the i-th of them
//   slices(tile)         among how many items the k blocks of a tile are divided
//   partial(tile, s)     where slice s of a tile with more than one slice leaves its sum
//   partials()           how many such places there are
// Tiles are counted through all problems, so a grouped product needs no scheduler of its own.
//
// Every type is a template of the integer that it counts with (Basic...), and named plainly for 64
// bits. A GPU divides 32-bit integers in about 20 instructions and 64-bit ones in about 100, which
// at the head of a kernel of 5 us is felt: kernels count with 32 bits where all counts fit.
#pragma once

#include <cstdint>
#include <type_traits>

#include "core/hd.h"

namespace halfbyte::core {

// One product: its output tiles, and the k blocks that each of them sums over.
template <class Int>
struct BasicExtent {
  Int tiles = 0;
  Int k_blocks = 0;
};

// The k blocks first, first + stride, ... (count of them).
template <class Int>
struct BasicKBlocks {
  Int first = 0;
  Int count = 0;
  Int stride = 1;
  friend constexpr bool operator==(const BasicKBlocks&, const BasicKBlocks&) = default;
};

template <class Int>
struct BasicWorkItem {
  Int problem = 0;
  Int tile = 0;        // counted through all problems
  Int local_tile = 0;  // counted within the problem
  BasicKBlocks<Int> k{};
  Int slice = 0;
  Int slices = 1;
  Int partial = -1;  // where the sum goes; -1: it is the whole tile's
};

template <class Int>
struct BasicTileOwner {
  Int problem = 0;
  Int local_tile = 0;
};

// The problems of one launch. `extents` outlives the schedule.
template <class Int>
struct BasicProblems {
  const BasicExtent<Int>* extents = nullptr;
  Int count = 0;

  HB_HD constexpr Int tiles() const {
    Int sum = 0;
    for (Int p = 0; p < count; ++p) sum += extents[p].tiles;
    return sum;
  }
  HB_HD constexpr BasicTileOwner<Int> owner(Int tile) const {
    Int p = 0;
    while (p + 1 < count && tile >= extents[p].tiles) tile -= extents[p++].tiles;
    return {p, tile};
  }
};

template <class Int>
HB_HD constexpr Int smaller(Int a, Int b) {
  return a < b ? a : b;
}
template <class Int>
HB_HD constexpr Int larger(Int a, Int b) {
  return a > b ? a : b;
}
// Of counts, which are never negative: on a GPU a third shorter than the signed ones.
template <class Int>
HB_HD constexpr Int quotient(Int a, Int b) {
  using Unsigned = std::make_unsigned_t<Int>;
  return static_cast<Int>(static_cast<Unsigned>(a) / static_cast<Unsigned>(b));
}
template <class Int>
HB_HD constexpr Int remainder(Int a, Int b) {
  return static_cast<Int>(a - quotient(a, b) * b);
}
template <class Int>
HB_HD constexpr Int ceil_div(Int a, Int b) {
  return quotient(a, b) + (remainder(a, b) != 0);
}

using Extent = BasicExtent<std::int64_t>;
using KBlocks = BasicKBlocks<std::int64_t>;
using WorkItem = BasicWorkItem<std::int64_t>;
using TileOwner = BasicTileOwner<std::int64_t>;
using Problems = BasicProblems<std::int64_t>;

}  // namespace halfbyte::core
