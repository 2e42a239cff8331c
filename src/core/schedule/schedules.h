// Every schedule, and the order in which an output's tiles are numbered.
#pragma once

#include "core/schedule/data_parallel.h"
#include "core/schedule/split_k.h"
#include "core/schedule/stream_k.h"

namespace halfbyte::core {

// Tiles of an (m, n) output. The m tiles of one column of tiles follow each other, so that
// neighbouring workers read the same weights.
template <class Int>
struct BasicTileGrid {
  Int m = 0;
  Int n = 0;
  Int tile_m = 1;
  Int tile_n = 1;

  struct Tile {
    Int row, column, rows, columns;
  };

  HB_HD constexpr Int tiles_m() const { return ceil_div(m, tile_m); }
  HB_HD constexpr Int tiles_n() const { return ceil_div(n, tile_n); }
  HB_HD constexpr Int tiles() const { return tiles_m() * tiles_n(); }
  HB_HD constexpr Tile tile(Int i) const {
    const Int row = remainder(i, tiles_m()) * tile_m;
    const Int column = quotient(i, tiles_m()) * tile_n;
    return {row, column, smaller(tile_m, m - row), smaller(tile_n, n - column)};
  }
};

using TileGrid = BasicTileGrid<std::int64_t>;

}  // namespace halfbyte::core
