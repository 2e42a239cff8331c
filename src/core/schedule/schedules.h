// Every schedule, and the order in which an output's tiles are numbered.
#pragma once

#include "core/schedule/data_parallel.h"
#include "core/schedule/split_k.h"
#include "core/schedule/stream_k.h"

namespace halfbyte::core {

// Tiles of an (m, n) output. The m tiles of one column of tiles follow each other, so that
// neighbouring workers read the same weights.
struct TileGrid {
  std::int64_t m = 0;
  std::int64_t n = 0;
  std::int64_t tile_m = 1;
  std::int64_t tile_n = 1;

  struct Tile {
    std::int64_t row, column, rows, columns;
  };

  HB_HD constexpr std::int64_t tiles_m() const { return ceil_div(m, tile_m); }
  HB_HD constexpr std::int64_t tiles_n() const { return ceil_div(n, tile_n); }
  HB_HD constexpr std::int64_t tiles() const { return tiles_m() * tiles_n(); }
  HB_HD constexpr Tile tile(std::int64_t i) const {
    const std::int64_t row = i % tiles_m() * tile_m;
    const std::int64_t column = i / tiles_m() * tile_n;
    return {row, column, smaller(tile_m, m - row), smaller(tile_n, n - column)};
  }
};

}  // namespace halfbyte::core
