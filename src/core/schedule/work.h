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
#pragma once

#include <cstdint>

#include "core/hd.h"

namespace halfbyte::core {

// One product: its output tiles, and the k blocks that each of them sums over.
struct Extent {
  std::int64_t tiles = 0;
  std::int64_t k_blocks = 0;
};

// The k blocks first, first + stride, ... (count of them).
struct KBlocks {
  std::int64_t first = 0;
  std::int64_t count = 0;
  std::int64_t stride = 1;
  friend constexpr bool operator==(const KBlocks&, const KBlocks&) = default;
};

struct WorkItem {
  std::int64_t problem = 0;
  std::int64_t tile = 0;        // counted through all problems
  std::int64_t local_tile = 0;  // counted within the problem
  KBlocks k{};
  std::int64_t slice = 0;
  std::int64_t slices = 1;
  std::int64_t partial = -1;  // where the sum goes; -1: it is the whole tile's
};

struct TileOwner {
  std::int64_t problem = 0;
  std::int64_t local_tile = 0;
};

// The problems of one launch. `extents` outlives the schedule.
struct Problems {
  const Extent* extents = nullptr;
  std::int64_t count = 0;

  HB_HD constexpr std::int64_t tiles() const {
    std::int64_t sum = 0;
    for (std::int64_t p = 0; p < count; ++p) sum += extents[p].tiles;
    return sum;
  }
  HB_HD constexpr TileOwner owner(std::int64_t tile) const {
    std::int64_t p = 0;
    while (p + 1 < count && tile >= extents[p].tiles) tile -= extents[p++].tiles;
    return {p, tile};
  }
};

HB_HD constexpr std::int64_t smaller(std::int64_t a, std::int64_t b) { return a < b ? a : b; }
HB_HD constexpr std::int64_t larger(std::int64_t a, std::int64_t b) { return a > b ? a : b; }
HB_HD constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return a / b + (a % b != 0);
}

}  // namespace halfbyte::core
