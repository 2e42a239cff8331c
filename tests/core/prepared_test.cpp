// The prepared schedules against the ones that they stand for, number by number.
#include "core/schedule/prepared.h"

#include <gtest/gtest.h>

#include <random>

namespace halfbyte::core {
namespace {

using Int = std::int32_t;

TEST(Divisor, IsExactForNumbersOf31Bits) {
  constexpr Int most = 0x7fffffff;
  std::mt19937 bits(3);
  std::vector<Int> divisors{1, 2, 3, 5, 7, 641, 65535, 65536, 65537, most - 1, most, 1 << 30};
  for (int i = 0; i < 2000; ++i)
    divisors.push_back(static_cast<Int>(bits() >> 1 >> bits() % 31) | 1);
  for (const Int d : divisors) {
    const Divisor divisor(d);
    std::vector<Int> numerators{0, 1, d - 1, d, most, most - 1, most / d * d, most / d * d - 1};
    for (int i = 0; i < 50; ++i) numerators.push_back(static_cast<Int>(bits() >> 1));
    for (const Int n : numerators) {
      ASSERT_EQ(divisor.quotient(n), n / d) << n << " / " << d;
      ASSERT_EQ(divisor.remainder(n, n / d), n % d) << n << " % " << d;
    }
  }
}

template <class Prepared, class Plain>
void expect_equal(const Prepared& prepared, const Plain& plain) {
  ASSERT_EQ(prepared.workers(), plain.workers());
  ASSERT_EQ(prepared.partials(), plain.partials());
  for (Int w = 0; w < plain.workers(); ++w) {
    ASSERT_EQ(prepared.items(w), plain.items(w));
    for (Int i = 0; i < plain.items(w); ++i) {
      const BasicWorkItem<Int> a = prepared.item(w, i), b = plain.item(w, i);
      ASSERT_EQ(a.k, b.k);
      ASSERT_EQ(a.tile, b.tile);
      ASSERT_EQ(a.local_tile, b.local_tile);
      ASSERT_EQ(a.slice, b.slice);
      ASSERT_EQ(a.slices, b.slices);
      ASSERT_EQ(a.partial, b.partial);
      ASSERT_EQ(prepared.partial(b.tile, b.slice), plain.partial(b.tile, b.slice));
    }
  }
}

TEST(PreparedSchedules, AreThePlainOnes) {
  for (const Int tiles : {0, 1, 2, 7, 32, 129, 400}) {
    for (const Int k_blocks : {0, 1, 2, 5, 16, 31, 64}) {
      const BasicExtent<Int> extent{tiles, k_blocks};
      const BasicProblems<Int> problems{&extent, 1};
      for (const Int count : {1, 2, 3, 8, 17, 132, 264, 0x7fffffff}) {
        SCOPED_TRACE(testing::Message() << tiles << " tiles, " << k_blocks << " blocks, " << count);
        expect_equal(PreparedSplitK(extent, count), BasicSplitK<Int>{problems, count});
        expect_equal(PreparedStreamK(extent, count), BasicStreamK<Int>{problems, count});
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST(PreparedSchedules, NumberTilesAsTheGridDoes) {
  for (const Int m : {0, 1, 8, 17, 100}) {
    for (const Int n : {0, 1, 64, 200, 1000}) {
      const BasicTileGrid<Int> grid{m, n, 8, 64};
      const PreparedTiles prepared(grid);
      ASSERT_EQ(prepared.count(), grid.tiles());
      for (Int i = 0; i < grid.tiles(); ++i) {
        const auto a = prepared.tile(i), b = grid.tile(i);
        EXPECT_EQ(a.row, b.row);
        EXPECT_EQ(a.column, b.column);
        EXPECT_EQ(a.rows, b.rows);
        EXPECT_EQ(a.columns, b.columns);
      }
    }
  }
}

}  // namespace
}  // namespace halfbyte::core
