// Where the numbers of a row lie between the two parts of a transform of q 2^p.
#include "core/hadamard/order_tiles.h"

#include <gtest/gtest.h>

#include <set>

namespace halfbyte::core::hadamard {
namespace {

TEST(HadamardOrderTiles, EveryNumberHasAPlaceOfItsOwn) {
  for (int p = 4; p <= 10; ++p) {
    std::set<int> places;
    for (int a = 0; a < 20; ++a) {
      for (int c = 0; c < 1 << p; ++c) {
        const OrderColumn at = order_column(c, p);
        places.insert(8 * order_unit_place(a, at.unit, p) + at.number);
      }
    }
    EXPECT_EQ(places.size(), std::size_t{20} << p);
    EXPECT_EQ(*places.begin(), 0);
    EXPECT_EQ(*places.rbegin(), (20 << p) - 1);
  }
}

// A lane t of a group holds columns 2t and 2t + 1 of both C fragments: four adjacent ones.
TEST(HadamardOrderTiles, ALaneHasFourAdjacentColumns) {
  for (int p = 4; p <= 10; ++p) {
    for (int c = 0; c < 1 << p; ++c) {
      const OrderColumn at = order_column(c, p);
      const int j = c / 2 % 2;
      EXPECT_EQ(at.unit, order_unit(c / 16, j, p));
      EXPECT_EQ(at.number / 2, c % 16 / 4);
      EXPECT_EQ(at.number % 2, c % 2);
    }
  }
}

TEST(HadamardOrderTiles, EightRowsAreInEightGroupsOfBanks) {
  for (int p = 4; p <= 10; ++p) {
    for (int first = 0; first < 172; first += 8) {
      for (int unit = 0; unit < 1 << (p - 3); ++unit) {
        std::set<int> groups;
        for (int a = first; a < first + 8; ++a) groups.insert(order_unit_place(a, unit, p) % 8);
        EXPECT_EQ(groups.size(), 8U) << "p " << p << " unit " << unit;
      }
    }
  }
}

TEST(HadamardOrderTiles, EverySignHasABitOfItsOwn) {
  std::set<std::pair<int, int>> bits;
  for (int tile = 0; tile < 121; ++tile) {
    for (int reg = 0; reg < 4; ++reg) {
      const SignBits at = sign_bits(tile, reg);
      EXPECT_LT(at.word, sign_words_of(172));
      EXPECT_LT(at.shift, 16);
      bits.emplace(at.word, at.shift);
    }
  }
  EXPECT_EQ(bits.size(), 484U);
}

}  // namespace
}  // namespace halfbyte::core::hadamard
