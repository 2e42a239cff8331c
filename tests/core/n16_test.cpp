// The layout n16: every code has a place of its own inside its block.
#include <gtest/gtest.h>

#include <set>
#include <utility>

#include "core/layout/n16.h"

namespace halfbyte::core::n16 {
namespace {

TEST(N16, GivesEveryCodeItsOwnPlace) {
  for (const int bits : {4, 8}) {
    for (std::int64_t k_padded = 8; k_padded <= 512; k_padded += 8) {
      std::set<std::pair<std::int64_t, int>> places;
      for (std::int64_t p = 0; p < k_padded; ++p) {
        for (std::int64_t c = 0; c < block_columns; ++c) {
          const CodePlace place = code_place(p, c, bits);
          ASSERT_GE(place.byte, 0);
          ASSERT_LT(place.byte, block_bytes(k_padded, bits));
          ASSERT_TRUE(place.shift == 0 || (bits == 4 && place.shift == 4));
          ASSERT_TRUE(places.emplace(place.byte, place.shift).second);
        }
      }
      ASSERT_EQ(static_cast<std::int64_t>(places.size()) * bits, 8 * block_bytes(k_padded, bits));
    }
  }
}

// A lane of 32 bits belongs to one column, and byte b of it to k = b and, in the high half, 4 + b.
TEST(N16, KeepsColumnsInLanes) {
  for (std::int64_t p = 0; p < 64; ++p) {
    for (std::int64_t c = 0; c < block_columns; ++c) {
      const CodePlace place = code_place(p, c, 4);
      EXPECT_EQ(place.byte, p / 8 * 64 + c * 4 + p % 4);
      EXPECT_EQ(place.shift, p % 8 < 4 ? 0 : 4);
      EXPECT_EQ(code_place(p, c, 8).byte, p / 4 * 64 + c * 4 + p % 4);
    }
  }
}

// Words 2i and 2i + 1 multiply bytes 0 and 2, or 1 and 3, of the low or the high halves of a step.
TEST(N16, PairsWordsWithTheCodesOfALane) {
  for (std::int64_t step = 0; step < 3; ++step) {
    for (std::int64_t pair = 0; pair < 4; ++pair) {
      for (std::int64_t i = 0; i < 2; ++i) {
        const std::int64_t k = 8 * step + pair / 2 * 4 + pair % 2 + 2 * i;
        EXPECT_EQ(word_place(k), 8 * step + 2 * pair + i);
        EXPECT_EQ(code_place(k, 0, 4).byte % 4, pair % 2 + 2 * i);
        EXPECT_EQ(code_place(k, 0, 4).shift, pair / 2 * 4);
      }
    }
  }
}

}  // namespace
}  // namespace halfbyte::core::n16
