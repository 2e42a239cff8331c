// The schedules of one problem with their divisions prepared: what a kernel asks of them in a few
// multiplications and shifts. Number by number the same as split_k.h and stream_k.h, which is where
// they are explained (tests/core/prepared_test.cpp compares them).
#pragma once

#include "core/divide.h"
#include "core/schedule/schedules.h"

namespace halfbyte::core {

// BasicTileGrid (schedules.h).
class PreparedTiles {
 public:
  using Int = std::int32_t;
  using Grid = BasicTileGrid<Int>;
  using Tile = Grid::Tile;

  constexpr PreparedTiles() = default;
  constexpr explicit PreparedTiles(const Grid& grid)
      : grid_(grid), tiles_(grid.tiles()), rows_(larger(Int{1}, grid.tiles_m())) {}

  HB_HD constexpr Int count() const { return tiles_; }
  HB_HD constexpr Tile tile(Int i) const {
    const Int in_row = rows_.quotient(i);
    const Int row = rows_.remainder(i, in_row) * grid_.tile_m, column = in_row * grid_.tile_n;
    return {row, column, smaller(grid_.tile_m, grid_.m - row),
            smaller(grid_.tile_n, grid_.n - column)};
  }

 private:
  Grid grid_{};
  Int tiles_ = 0;
  Divisor rows_;
};

class PreparedSplitK {
 public:
  using Int = std::int32_t;

  constexpr PreparedSplitK() = default;
  PreparedSplitK(BasicExtent<Int> extent, Int split)
      : tiles_(extent.tiles), slices_(larger(Int{1}, smaller(split, extent.k_blocks))) {
    base_ = extent.k_blocks / slices_.value();
    longer_ = extent.k_blocks % slices_.value();
  }

  HB_HD constexpr Int workers() const { return tiles_ * slices_.value(); }
  HB_HD constexpr Int items(Int) const { return 1; }
  HB_HD constexpr BasicWorkItem<Int> item(Int worker, Int) const {
    const Int tile = slices_.quotient(worker);
    const Int slice = slices_.remainder(worker, tile);
    const Int all = slices_.value();
    return {.tile = tile,
            .local_tile = tile,
            .k = {slice, base_ + (slice < longer_ ? 1 : 0), all},
            .slice = slice,
            .slices = all,
            .partial = all > 1 ? worker : -1};
  }
  HB_HD constexpr Int partial(Int tile, Int slice) const {
    return slices_.value() > 1 ? tile * slices_.value() + slice : -1;
  }
  HB_HD constexpr Int partials() const { return slices_.value() > 1 ? workers() : 0; }

 private:
  Int tiles_ = 0;
  Divisor slices_;
  Int base_ = 0, longer_ = 0;  // blocks of a slice; the first few have one more
};

class PreparedStreamK {
 public:
  using Int = std::int32_t;

  constexpr PreparedStreamK() = default;
  PreparedStreamK(BasicExtent<Int> extent, Int wanted_workers) : k_blocks_(extent.k_blocks) {
    const Int of_tile = larger(Int{1}, extent.k_blocks);
    const Int units = extent.tiles * of_tile;
    workers_ = smaller(wanted_workers, units);
    const Int base = workers_ > 0 ? units / workers_ : 0;
    longer_ = workers_ > 0 ? units % workers_ : 0;
    in_longer_ = longer_ * (base + 1);
    by_tile_ = Divisor(of_tile);
    by_base_ = Divisor(larger(Int{1}, base));
    by_longer_ = Divisor(base + 1);
  }

  HB_HD constexpr Int workers() const { return workers_; }
  HB_HD constexpr Int items(Int worker) const {
    return by_tile_.quotient(begin(worker + 1) - 1) - by_tile_.quotient(begin(worker)) + 1;
  }
  HB_HD constexpr BasicWorkItem<Int> item(Int worker, Int i) const {
    const Int begins = begin(worker), ends = begin(worker + 1);
    const Int tile = by_tile_.quotient(begins) + i;
    const Int first = tile * by_tile_.value(), last = first + by_tile_.value() - 1;
    const Int from = larger(begins, first), to = smaller(ends, last + 1);
    const Int first_worker = worker_of(first);
    const Int all = worker_of(last) - first_worker + 1;
    return {.tile = tile,
            .local_tile = tile,
            .k = {from - first, smaller(to - from, k_blocks_), 1},
            .slice = worker - first_worker,
            .slices = all,
            .partial = all > 1 ? 2 * worker + (i == 0 ? 0 : 1) : -1};
  }
  HB_HD constexpr Int partial(Int tile, Int slice) const {
    const Int worker = worker_of(tile * by_tile_.value()) + slice;
    return 2 * worker + (by_tile_.quotient(begin(worker)) == tile ? 0 : 1);
  }
  HB_HD constexpr Int partials() const { return 2 * workers_; }

 private:
  HB_HD constexpr Int begin(Int worker) const {
    return worker * by_base_.value() + smaller(worker, longer_);
  }
  HB_HD constexpr Int worker_of(Int unit) const {
    return unit < in_longer_ ? by_longer_.quotient(unit)
                             : longer_ + by_base_.quotient(unit - in_longer_);
  }

  Int workers_ = 0, k_blocks_ = 0;
  Int longer_ = 0, in_longer_ = 0;  // workers with one unit more, and their units
  Divisor by_tile_, by_base_, by_longer_;
};

}  // namespace halfbyte::core
