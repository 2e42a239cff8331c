// Where the numbers of a piece lie between the two parts of a transform of q 2^p.
#include "core/hadamard/order_tiles.h"

#include <gtest/gtest.h>

#include <set>

#include "core/fragment/mma_m16n8k16.h"

namespace halfbyte::core::hadamard {
namespace {

namespace f = mma_m16n8k16;

TEST(HadamardOrderTiles, EveryUnitHasAPlaceOfItsOwn) {
  for (int p = 6; p <= 10; ++p) {
    const int units = 20 << (p - 3);
    std::set<int> places;
    for (int unit = 0; unit < units; ++unit) {
      const int place = order_unit_place(unit, p);
      EXPECT_EQ(place / 8, unit / 8);  // one after the other: all banks
      places.insert(place);
    }
    EXPECT_EQ(places.size(), static_cast<std::size_t>(units));
  }
}

TEST(HadamardOrderTiles, FragmentsAreAdjacentColumnsOfALane) {
  std::set<int> blocks;
  for (int g = 0; g < 8; ++g) blocks.insert(order_block(g));
  EXPECT_EQ(blocks.size(), 8U);
  for (int lane = 0; lane < 32; ++lane) {
    for (int r = 0; r < 4; ++r) {
      const f::Coord b = f::b_coord(lane, r / 2, r % 2);
      EXPECT_EQ(order_row(lane % 4, r), b.row);
      EXPECT_EQ(b.column, lane / 4);
      const f::Coord c = f::c_coord(lane, r);
      EXPECT_EQ(c.row, lane / 4 + r / 2 * 8);
      EXPECT_EQ(order_block(c.column), lane % 4 + 4 * (r % 2));
    }
  }
}

// A store of 16 bytes is served eight lanes at a time, one of 8 bytes sixteen: lanes 4 g + t store
// `width` columns of row g, block t.
TEST(HadamardOrderTiles, StoresHitAllBanks) {
  for (int p = 6; p <= 10; ++p) {
    for (const int width : {4, 8}) {
      const int together = width == 8 ? 8 : 16;
      for (int first = 0; first < 32; first += together) {
        std::set<int> places;
        for (int lane = first; lane < first + together; ++lane) {
          const int element = (lane / 4 << p) + width * (lane % 4);
          places.insert((8 * order_unit_place(element / 8, p) + element % 8) % 64 / width);
        }
        EXPECT_EQ(places.size(), static_cast<std::size_t>(together)) << p << " " << width;
      }
    }
  }
}

TEST(HadamardOrderTiles, EverySignHasABitOfItsOwn) {
  for (const int q : {12, 28, 52, 64, 72, 172}) {
    const int tiles = order_tiles(q);
    std::set<std::pair<int, int>> bits;
    for (int i = 0; i < tiles * tiles * 4; ++i) {
      const SignBits at = sign_bits(sign_row_words(tiles), i / 4 / tiles, i / 4 % tiles, i % 4);
      EXPECT_LT(at.word, sign_words_of(q));
      EXPECT_LT(at.shift, 16);
      bits.emplace(at.word, at.shift);
    }
    EXPECT_EQ(bits.size(), static_cast<std::size_t>(tiles * tiles * 4)) << q;
  }
}

}  // namespace
}  // namespace halfbyte::core::hadamard
