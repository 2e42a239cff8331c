// The 4-bit dequantisation by bit pattern, against the definition q - zero.
#include <cstdint>
#include <vector>

#include "cuda/dequant_selftest.h"
#include "gpu.h"
#include "halfbyte/numeric.h"

namespace halfbyte::cuda {
namespace {

// Every half-word in both halves of a word: all 2^16 patterns of four codes at every position.
std::vector<std::uint32_t> every_half_word() {
  std::vector<std::uint32_t> words;
  for (std::uint32_t h = 0; h < (1u << 16); ++h) words.push_back(h | ((h ^ 0x5aa5u) << 16));
  return words;
}

TEST(CudaDequant, EveryHalfWordAndZeroPointIsExact) {
  SKIP_WITHOUT_GPU();
  const std::vector<std::uint32_t> words = every_half_word();
  for (int zero = 0; zero <= 16; ++zero) {
    const std::vector<std::uint16_t> y = dequantize_words(words, zero, 0);
    ASSERT_EQ(y.size(), 8 * words.size());
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
      const int code = static_cast<int>(words[i / 8] >> (4 * (i % 8)) & 15u);
      if (!(f16_to_f32(y[i]) == static_cast<float>(code - zero))) ++wrong;
    }
    EXPECT_EQ(wrong, 0u) << "zero " << zero;
  }
}

TEST(CudaDequant, BadArgumentsAreRefusedBeforeAnyLaunch) {
  const std::vector<std::uint32_t> words(8);
  EXPECT_THROW((void)dequantize_words({words.data(), 3}, 8, 0), Error);
  EXPECT_THROW((void)dequantize_words(words, 17, 0), Error);
  EXPECT_THROW((void)dequantize_words(words, -1, 0), Error);
  EXPECT_TRUE(dequantize_words({}, 8, 0).empty());
}

}  // namespace
}  // namespace halfbyte::cuda
