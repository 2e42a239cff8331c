// Activations rounded to the values of codes.
#include "llama/rounding.h"

#include "tiny_llama.h"

namespace llama::test {
namespace {

using halfbyte::ErrorCode;

TEST(Rounding, ACodeTimesItsRowsScale) {
  // Scales 1 and 2: amax is 7, and 14.
  const std::vector<float> rows = {7, -3.4F, 0.6F, 0, 14, -7, 2.9F, 1};
  std::vector<float> rounded = rows;
  round_rows(rounded.data(), 2, 4, Codes::int4, Scales::row);
  EXPECT_EQ(rounded, (std::vector<float>{7, -3, 1, 0, 14, -8, 2, 0}));
  rounded = rows;
  round_rows(rounded.data(), 2, 4, Codes::int4, Scales::tensor);
  EXPECT_EQ(rounded, (std::vector<float>{8, -4, 0, 0, 14, -8, 2, 0}));
  rounded = rows;
  round_rows(rounded.data(), 2, 4, Codes::none, Scales::row);
  EXPECT_EQ(rounded, rows);
}

TEST(Rounding, EveryKindAndScaleStaysWithinHalfAStep) {
  std::vector<float> rows(64 * 6);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i] = std::sin(static_cast<float>(i * i)) * static_cast<float>(1 + i / 64);
  }
  // Of the largest element: half a step of integers; 2^-4 and 2^-3 of an element in fp8.
  for (const auto& [codes, bound] : std::vector<std::pair<Codes, float>>{{Codes::e4m3, 0x1p-4F},
                                                                         {Codes::e5m2, 0x1p-3F},
                                                                         {Codes::int8, 0.5F / 127},
                                                                         {Codes::int4, 0.5F / 7}}) {
    for (const Scales scales : {Scales::tensor, Scales::row}) {
      std::vector<float> rounded = rows;
      round_rows(rounded.data(), 6, 64, codes, scales);
      EXPECT_NE(rounded, rows);
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const float largest = scales == Scales::row ? static_cast<float>(1 + i / 64) : 6;
        EXPECT_LE(std::fabs(rounded[i] - rows[i]), bound * largest * 1.0001F) << i;
      }
    }
  }
}

TEST(Rounding, ZerosStayAndNaNStaysInItsRow) {
  std::vector<float> rows(16, 0.0F);
  rows[8] = std::numeric_limits<float>::quiet_NaN();
  for (const Codes codes : {Codes::e4m3, Codes::e5m2, Codes::int8, Codes::int4}) {
    std::vector<float> rounded = rows;
    round_rows(rounded.data(), 2, 8, codes, Scales::row);
    for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(rounded[i], 0) << i;
    EXPECT_TRUE(std::isnan(rounded[8]));
  }
}

TEST(Rounding, ATurnComesBack) {
  for (const std::int64_t width : {64, 768}) {  // H of 768 is not symmetric
    std::vector<float> rows(static_cast<std::size_t>(3 * width));
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = std::sin(static_cast<float>(i));
    std::vector<float> turned = rows;
    turn_rows(turned.data(), 3, width);
    EXPECT_GT(relative_difference(turned, rows), 0.5);
    turn_rows(turned.data(), 3, width, true);
    EXPECT_LT(relative_difference(turned, rows), 1e-6);
  }
}

TEST(Rounding, RefusesWidthsThatCodesOrTransformsLack) {
  std::vector<float> row(7);
  EXPECT_THROW(round_rows(row.data(), 1, 7, Codes::int4, Scales::row), halfbyte::Error);
  EXPECT_THROW(turn_rows(row.data(), 1, 7), halfbyte::Error);
}

TEST(Rounding, NamesOfTheCommandLine) {
  const Rounding plain = rounding_from_names({});
  EXPECT_EQ(plain.attention, Codes::none);
  EXPECT_TRUE(plain.q && plain.k && plain.v && !plain.turn_qk && !plain.turn_down);
  const Rounding all = rounding_from_names({.attention_codes = "e5m2",
                                            .attention_scales = "tensor",
                                            .attention_parts = "vk",
                                            .linear_codes = "int8",
                                            .hadamard = {"down", "qk"}});
  EXPECT_EQ(all.attention, Codes::e5m2);
  EXPECT_EQ(all.scales, Scales::tensor);
  EXPECT_EQ(all.linears, Codes::int8);
  EXPECT_TRUE(!all.q && all.k && all.v && all.turn_qk && all.turn_down);
  expect_error(ErrorCode::arg, "--attention-codes",
               [] { (void)rounding_from_names({.attention_codes = "fp9"}); });
  expect_error(ErrorCode::arg, "--attention-parts",
               [] { (void)rounding_from_names({.attention_parts = ""}); });
}

// Eight bits of q, k and v keep the logits, as they are and with H on q and k, which cancels.
TEST(Rounding, EightBitAttentionStaysCloseToF32) {
  Model model = load("f16");
  const std::string text = "def main(argv):\n    for name in sorted(os.listdir(path)):\n";
  const std::vector<int> tokens(text.begin(), text.end());
  Cache exact(model.shape());
  const auto wanted = model.forward(tokens, exact);
  for (const Codes codes : {Codes::none, Codes::e4m3, Codes::int8}) {
    for (const bool turn : {false, true}) {
      model.set_rounding({.attention = codes, .turn_qk = turn});
      Cache cache(model.shape());
      const auto logits = model.forward(tokens, cache);
      EXPECT_LT(relative_difference(logits, wanted), codes == Codes::none ? 1e-4 : 0.1);
    }
  }
}

}  // namespace
}  // namespace llama::test
