// Stream-K (arXiv 2301.03598): all k blocks of all tiles lie on one line, which is cut into equal
// runs, one a worker. A worker starts and ends inside a tile at most once each, so it leaves at
// most two partial sums.
//
// The number of workers belongs to the configuration, not to the machine's load, so that the order
// of the sums, and with it the bits, are the same on every run.
#pragma once

#include "core/schedule/work.h"

namespace halfbyte::core {

struct StreamK {
  Problems problems;
  std::int64_t wanted_workers = 1;

  // A tile without k blocks still has to be written: it counts as one unit.
  HB_HD constexpr std::int64_t units_per_tile(std::int64_t p) const {
    return larger(1, problems.extents[p].k_blocks);
  }
  HB_HD constexpr std::int64_t units() const {
    std::int64_t sum = 0;
    for (std::int64_t p = 0; p < problems.count; ++p) {
      sum += problems.extents[p].tiles * units_per_tile(p);
    }
    return sum;
  }
  HB_HD constexpr std::int64_t workers() const { return smaller(wanted_workers, units()); }

  // Worker w owns the units begin(w) ... begin(w + 1) - 1; the first few own one more.
  HB_HD constexpr std::int64_t begin(std::int64_t worker) const {
    const std::int64_t count = workers();
    const std::int64_t base = units() / count;
    return worker * base + smaller(worker, units() % count);
  }
  HB_HD constexpr std::int64_t worker_of(std::int64_t unit) const {
    const std::int64_t count = workers();
    const std::int64_t base = units() / count;
    const std::int64_t longer = units() % count;
    const std::int64_t in_longer = longer * (base + 1);
    return unit < in_longer ? unit / (base + 1) : longer + (unit - in_longer) / base;
  }
  HB_HD constexpr std::int64_t tile_of(std::int64_t unit) const {
    std::int64_t p = 0;
    std::int64_t first_tile = 0;
    for (; p + 1 < problems.count; ++p) {
      const std::int64_t here = problems.extents[p].tiles * units_per_tile(p);
      if (unit < here) break;
      unit -= here;
      first_tile += problems.extents[p].tiles;
    }
    return first_tile + unit / units_per_tile(p);
  }
  HB_HD constexpr std::int64_t first_unit(std::int64_t tile) const {
    const TileOwner owner = problems.owner(tile);
    std::int64_t before = 0;
    for (std::int64_t p = 0; p < owner.problem; ++p) {
      before += problems.extents[p].tiles * units_per_tile(p);
    }
    return before + owner.local_tile * units_per_tile(owner.problem);
  }

  HB_HD constexpr std::int64_t items(std::int64_t worker) const {
    return tile_of(begin(worker + 1) - 1) - tile_of(begin(worker)) + 1;
  }
  HB_HD constexpr WorkItem item(std::int64_t worker, std::int64_t i) const {
    const std::int64_t tile = tile_of(begin(worker)) + i;
    const TileOwner owner = problems.owner(tile);
    const std::int64_t first = first_unit(tile);
    const std::int64_t from = larger(begin(worker), first);
    const std::int64_t to = smaller(begin(worker + 1), first + units_per_tile(owner.problem));
    const std::int64_t count = smaller(to - from, problems.extents[owner.problem].k_blocks);
    const std::int64_t slice = worker - worker_of(first);
    const std::int64_t all = slices(tile);
    return {.problem = owner.problem,
            .tile = tile,
            .local_tile = owner.local_tile,
            .k = {from - first, count, 1},
            .slice = slice,
            .slices = all,
            .partial = all > 1 ? partial(tile, slice) : -1};
  }
  HB_HD constexpr std::int64_t slices(std::int64_t tile) const {
    const std::int64_t first = first_unit(tile);
    const std::int64_t last = first + units_per_tile(problems.owner(tile).problem) - 1;
    return worker_of(last) - worker_of(first) + 1;
  }
  // Place 2w is for the tile in which worker w starts, 2w + 1 for the one in which it ends.
  HB_HD constexpr std::int64_t partial(std::int64_t tile, std::int64_t slice) const {
    const std::int64_t worker = worker_of(first_unit(tile)) + slice;
    return 2 * worker + (tile_of(begin(worker)) == tile ? 0 : 1);
  }
  HB_HD constexpr std::int64_t partials() const { return 2 * workers(); }
};

}  // namespace halfbyte::core
