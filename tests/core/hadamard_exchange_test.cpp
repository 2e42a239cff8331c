// The exchange of a row in shared memory and the places of strided vectors.
#include "core/hadamard/exchange.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <set>
#include <vector>

#include "core/hadamard/tile.h"
#include "core/hadamard/vectors.h"

namespace halfbyte::core::hadamard {
namespace {

// Turns that an access of a warp takes: lanes are served in groups that fill 128 bytes, each group
// in as many turns as its fullest bank has different words.
int turns(const std::vector<int>& first_float, int width) {
  const int lanes = 32 / width;
  int total = 0;
  for (int begin = 0; begin < 32; begin += lanes) {
    std::array<std::set<int>, 32> words;
    for (int lane = begin; lane < begin + lanes; ++lane) {
      for (int i = 0; i < width; ++i) {
        const int at = first_float[static_cast<std::size_t>(lane)] + i;
        words[static_cast<std::size_t>(at % 32)].insert(at);
      }
    }
    std::size_t most = 0;
    for (const auto& bank : words) most = std::max(most, bank.size());
    total += static_cast<int>(most);
  }
  return total;
}

TEST(HadamardExchange, EveryUnitHasAPlaceOfItsOwn) {
  std::set<int> places;
  for (int unit = 0; unit < 512; ++unit) places.insert(unit_place(unit));
  EXPECT_EQ(places.size(), 512U);
  EXPECT_EQ(*places.rbegin(), 511);
}

TEST(HadamardExchange, WritesHaveNoConflict) {
  for (int tile = 0; tile < 8; ++tile) {
    for (int half = 0; half < 2; ++half) {
      std::vector<int> at;
      for (int lane = 0; lane < 32; ++lane) {
        at.push_back(column_place(256 * tile + 8 * lane + 4 * half));
      }
      EXPECT_EQ(turns(at, 4), 4);  // 512 bytes
    }
  }
}

TEST(HadamardExchange, ReadsHaveNoConflictAndReadEveryColumnOnce) {
  for (const int columns : {256, 512, 1024, 2048}) {
    for (int log2_pieces = 1; log2_pieces <= 5; ++log2_pieces) {
      const int threads = 32 << log2_pieces;
      if (columns < threads) continue;
      const ColumnShare share = column_share(columns, threads);
      std::vector<int> times(static_cast<std::size_t>(columns));
      const int access = std::min(share.width, 4);
      for (int warp = 0; warp < threads / 32; ++warp) {
        for (int j = 0; j < share.vectors; ++j) {
          for (int part = 0; part < share.width; part += access) {
            std::vector<int> at;
            for (int lane = 0; lane < 32; ++lane) {
              const int c = share.width * (32 * warp + lane + threads * j) + part;
              at.push_back(column_place(c));
              for (int i = 0; i < access; ++i) {
                ++times[static_cast<std::size_t>(c + i)];
                EXPECT_EQ(column_place(c + i), column_place(c) + i);
              }
            }
            EXPECT_EQ(turns(at, access), access) << columns << " / " << threads;
          }
        }
      }
      for (const int count : times) ASSERT_EQ(count, 1);
    }
  }
}

TEST(HadamardVectors, DividersDivide) {
  std::mt19937_64 bits(3);
  for (int i = 0; i < 2'000'000; ++i) {
    const auto d = static_cast<std::int64_t>(bits() % (i % 2 == 0 ? 64 : largest_divisor)) + 1;
    const Divider divider(d);
    const auto dividend = static_cast<std::int64_t>(bits() % largest_dividend);
    const std::int64_t multiple = dividend / d * d;
    for (const std::int64_t x : {dividend, multiple, std::max(multiple - 1, std::int64_t{0})}) {
      ASSERT_EQ(divider.quotient(x), x / d) << x << " / " << d;
    }
  }
}

TEST(HadamardVectors, OffsetsAreThoseOfTheRows) {
  for (const std::int64_t n : {8, 24, 128, 2048}) {
    for (const std::int64_t inner : {1, 3, 8}) {
      constexpr std::int64_t outer = 4;
      const Vectors v{outer * inner * n / 8, Divider(n / 8), Divider(inner)};
      const RowSteps steps{inner * (n + 16) + 40, n + 16, false};
      std::int64_t i = 0;
      for (std::int64_t o = 0; o < outer; ++o) {
        for (std::int64_t k = 0; k < inner; ++k) {
          for (std::int64_t c = 0; c < n; c += 8, ++i) {
            ASSERT_EQ(v.offset(steps, i), o * steps.outer + k * steps.inner + c);
            ASSERT_EQ(v.offset({0, 0, true}, i), 8 * i);
            ASSERT_EQ(v.place(i).column, c);
          }
        }
      }
      ASSERT_EQ(i, v.count);
    }
  }
}

}  // namespace
}  // namespace halfbyte::core::hadamard
