// Tiles cover an output once, whatever its size.
#include <gtest/gtest.h>

#include <vector>

#include "core/schedule/schedules.h"

namespace halfbyte::core {
namespace {

TEST(TileGrid, CoversEveryOutputOnce) {
  for (std::int64_t m = 1; m < 40; m += 3) {
    for (std::int64_t n = 1; n < 150; n += 7) {
      for (const std::int64_t tile_m : {1, 6, 16, 192}) {
        for (const std::int64_t tile_n : {16, 64}) {
          const TileGrid grid{m, n, tile_m, tile_n};
          std::vector<int> written(static_cast<std::size_t>(m * n));
          for (std::int64_t t = 0; t < grid.tiles(); ++t) {
            const auto tile = grid.tile(t);
            ASSERT_GT(tile.rows, 0);
            ASSERT_GT(tile.columns, 0);
            for (std::int64_t r = tile.row; r < tile.row + tile.rows; ++r) {
              for (std::int64_t c = tile.column; c < tile.column + tile.columns; ++c) {
                ++written[static_cast<std::size_t>(r * n + c)];
              }
            }
          }
          for (const int times : written) ASSERT_EQ(times, 1);
        }
      }
    }
  }
}

TEST(TileGrid, HasNoTilesWithoutOutputs) {
  EXPECT_EQ((TileGrid{0, 64, 16, 64}.tiles()), 0);
  EXPECT_EQ((TileGrid{4, 0, 16, 64}.tiles()), 0);
}

}  // namespace
}  // namespace halfbyte::core
