// Elements of the scratch memory: distinct, in rising order, in runs; rows of a pass an equal step
// apart and spread over the sets of an L1 cache.
#include <gtest/gtest.h>

#include <array>

#include "core/hadamard/scratch.h"
#include "core/hadamard/size.h"

namespace halfbyte::core::scratch {
namespace {

TEST(HadamardScratch, PlacesRiseAndEndInside) {
  for (std::int64_t i = 1; i < max_hadamard_size; ++i) {
    const std::int64_t step = place(i) - place(i - 1);
    ASSERT_EQ(step, i % run == 0 ? 1 + gap : 1) << i;
  }
  for (std::int64_t n = 1; n <= max_hadamard_size; n += 77) ASSERT_LT(place(n - 1), floats(n));
  // Dense results are written from the front while places behind are still read.
  for (std::int64_t i = 0; i < max_hadamard_size; ++i) ASSERT_LE(i, place(i));
}

TEST(HadamardScratch, RowsOfAPassAreOneStepApart) {
  for (std::int64_t stride = run; stride <= max_hadamard_size / 2; stride *= 2) {
    for (std::int64_t i = 0; i < stride; i += 129) {
      for (std::int64_t k = 0; i + k * stride < max_hadamard_size; ++k) {
        ASSERT_EQ(place(i + k * stride), place(i) + k * place(stride));
      }
    }
  }
}

// Eight rows, 64 sets of 8 lines of 64 bytes: no set is asked for more than half its ways.
TEST(HadamardScratch, NoSetOfTheCacheIsCrowded) {
  for (std::int64_t stride = 64; stride <= max_hadamard_size / 8; stride *= 2) {
    std::array<int, 64> lines{};
    int most = 0;
    for (std::int64_t k = 0; k < 8; ++k) {
      const auto set = static_cast<std::size_t>(place(k * stride) * 4 / 64 % 64);
      most = std::max(most, ++lines[set]);
    }
    EXPECT_LE(most, 4) << stride;
  }
}

}  // namespace
}  // namespace halfbyte::core::scratch
