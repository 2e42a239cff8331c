// What a graph of timed calls holds: whole rotations.
#include "bench/timing.h"

#include <gtest/gtest.h>

namespace halfbyte::bench {
namespace {

TEST(CallsInGraph, AreWholeRotations) {
  constexpr std::size_t most = 1 << 15;
  for (std::size_t rotation = 1; rotation <= 3 * most; rotation += 1 + rotation / 3) {
    for (const double us : {0.1, 0.7, 2.2, 45.0, 1e4}) {
      const std::size_t calls = calls_in_graph(rotation, us, 1000, most);
      EXPECT_EQ(calls % rotation, 0u) << rotation << " " << us;
      EXPECT_LE(calls, std::max(most, rotation));
      const bool enough = static_cast<double>(calls) * us >= 1000;
      EXPECT_TRUE(enough || calls + rotation > most) << rotation << " " << us;
      const bool too_many = static_cast<double>(calls - rotation) * us >= 1000;
      EXPECT_FALSE(too_many) << rotation << " " << us;
    }
  }
  EXPECT_EQ(calls_in_graph(0, 1, 1000, most), 1000u);
  EXPECT_EQ(calls_in_graph(3, 100, 1000, most), 12u);
}

}  // namespace
}  // namespace halfbyte::bench
