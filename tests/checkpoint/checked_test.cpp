#include "checkpoint/checked.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace halfbyte::checkpoint {
namespace {

constexpr std::uint64_t top = UINT64_MAX;

TEST(Checked, HoldsWhatFits) {
  EXPECT_EQ((Size(6) * Size(7)).get(), 42U);
  EXPECT_EQ((Size(top - 1) + Size(1)).get(), top);
  EXPECT_EQ((Size(7) - Size(7)).get(), 0U);
  EXPECT_EQ(ceil_div(Size(9), Size(4)).get(), 3U);
  EXPECT_EQ(ceil_div(Size(top), Size(1)).get(), top);
}

TEST(Checked, OverflowPoisonsAndThePoisonStays) {
  for (const Size bad :
       {Size(top) + Size(1), Size(0) - Size(1), Size(1ULL << 32) * Size(1ULL << 32),
        ceil_div(Size(1), Size(0)), Size::from(-1)}) {
    EXPECT_FALSE(bad.ok());
    EXPECT_FALSE(bad.get());
    EXPECT_FALSE((bad * Size(0)).ok());
    EXPECT_FALSE((bad - bad).ok());
    EXPECT_FALSE(bad == bad);
  }
}

TEST(Checked, NarrowsOnlyWhatTheTargetHolds) {
  EXPECT_EQ(Size(INT64_MAX).get<std::int64_t>(), INT64_MAX);
  EXPECT_FALSE(Size(top).get<std::int64_t>());
  EXPECT_FALSE(Size(256).get<std::uint8_t>());
  EXPECT_FALSE(Checked<std::uint8_t>::from(256).ok());
}

}  // namespace
}  // namespace halfbyte::checkpoint
