// Stream-K (arXiv 2301.03598): all k blocks of all tiles lie on one line, which is cut into equal
// runs, one a worker. A worker starts and ends inside a tile at most once each, so it leaves at
// most two partial sums.
//
// The number of workers belongs to the configuration, not to the machine's load, so that the order
// of the sums, and with it the bits, are the same on every run.
#pragma once

#include "core/schedule/work.h"

namespace halfbyte::core {

template <class Int>
struct BasicStreamK {
  BasicProblems<Int> problems;
  Int wanted_workers = 1;

  // A tile without k blocks still has to be written: it counts as one unit.
  HB_HD constexpr Int units_per_tile(Int p) const {
    return larger(Int{1}, problems.extents[p].k_blocks);
  }
  HB_HD constexpr Int units() const {
    Int sum = 0;
    for (Int p = 0; p < problems.count; ++p) {
      sum += problems.extents[p].tiles * units_per_tile(p);
    }
    return sum;
  }
  HB_HD constexpr Int workers() const { return smaller(wanted_workers, units()); }

  // Worker w owns the units begin(w) ... begin(w + 1) - 1; the first few own one more.
  HB_HD constexpr Int begin(Int worker) const {
    const Int count = workers();
    const Int base = quotient(units(), count);
    return worker * base + smaller(worker, remainder(units(), count));
  }
  HB_HD constexpr Int worker_of(Int unit) const {
    const Int count = workers();
    const Int base = quotient(units(), count);
    const Int longer = remainder(units(), count);
    const Int in_longer = longer * (base + 1);
    return unit < in_longer ? quotient<Int>(unit, base + 1)
                            : longer + quotient<Int>(unit - in_longer, base);
  }
  HB_HD constexpr Int tile_of(Int unit) const {
    Int p = 0;
    Int first_tile = 0;
    for (; p + 1 < problems.count; ++p) {
      const Int here = problems.extents[p].tiles * units_per_tile(p);
      if (unit < here) break;
      unit -= here;
      first_tile += problems.extents[p].tiles;
    }
    return first_tile + quotient(unit, units_per_tile(p));
  }
  HB_HD constexpr Int first_unit(Int tile) const {
    const BasicTileOwner<Int> owner = problems.owner(tile);
    Int before = 0;
    for (Int p = 0; p < owner.problem; ++p) {
      before += problems.extents[p].tiles * units_per_tile(p);
    }
    return before + owner.local_tile * units_per_tile(owner.problem);
  }

  HB_HD constexpr Int items(Int worker) const {
    return tile_of(begin(worker + 1) - 1) - tile_of(begin(worker)) + 1;
  }
  HB_HD constexpr BasicWorkItem<Int> item(Int worker, Int i) const {
    const Int tile = tile_of(begin(worker)) + i;
    const BasicTileOwner<Int> owner = problems.owner(tile);
    const Int first = first_unit(tile);
    const Int from = larger(begin(worker), first);
    const Int to = smaller(begin(worker + 1), first + units_per_tile(owner.problem));
    const Int count = smaller(to - from, problems.extents[owner.problem].k_blocks);
    const Int slice = worker - worker_of(first);
    const Int all = slices(tile);
    return {.problem = owner.problem,
            .tile = tile,
            .local_tile = owner.local_tile,
            .k = {from - first, count, 1},
            .slice = slice,
            .slices = all,
            .partial = all > 1 ? partial(tile, slice) : -1};
  }
  HB_HD constexpr Int slices(Int tile) const {
    const Int first = first_unit(tile);
    const Int last = first + units_per_tile(problems.owner(tile).problem) - 1;
    return worker_of(last) - worker_of(first) + 1;
  }
  // Place 2w is for the tile in which worker w starts, 2w + 1 for the one in which it ends.
  HB_HD constexpr Int partial(Int tile, Int slice) const {
    const Int worker = worker_of(first_unit(tile)) + slice;
    return 2 * worker + (tile_of(begin(worker)) == tile ? 0 : 1);
  }
  HB_HD constexpr Int partials() const { return 2 * workers(); }
};

using StreamK = BasicStreamK<std::int64_t>;

}  // namespace halfbyte::core
