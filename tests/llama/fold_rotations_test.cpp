// Rotations folded into the committed 16-bit model: the same function within 16-bit rounding.
#include "halfbyte/rotate.h"

#include <cmath>

#include "golden/temporary_checkpoint.h"
#include "halfbyte/checkpoint.h"
#include "tiny_llama.h"

namespace llama::test {
namespace {

using halfbyte::ErrorCode;
using halfbyte::FoldRotationsOptions;

std::vector<int> some_tokens() {
  std::vector<int> tokens;
  for (const char c : std::string("def main(argv):\n    for name in sorted(os.listdir(path)):\n")) {
    tokens.push_back(static_cast<unsigned char>(c));
  }
  return tokens;
}

std::vector<float> logits_of(const std::filesystem::path& folder) {
  Model model(halfbyte::Checkpoint::open(folder));
  Cache cache(model.shape());
  return model.forward(some_tokens(), cache);
}

TEST(FoldRotations, KeepsTheLogitsWithin16BitRounding) {
  const halfbyte::test::TemporaryFolder folder;
  const std::vector<float> before = logits_of(tiny_llama("f16"));
  for (const FoldRotationsOptions& options :
       {FoldRotationsOptions{}, FoldRotationsOptions{.residual = false}}) {
    const auto to = folder.path() / "rotated";
    halfbyte::fold_rotations(tiny_llama("f16"), to, options);
    const std::vector<float> after = logits_of(to);
    ASSERT_EQ(after.size(), before.size());
    // Each of the 63 matrices is rounded once more, by 2^-11 of an element at most.
    EXPECT_LT(relative_difference(after, before), 3e-3) << options.residual << options.heads;
    EXPECT_GT(relative_difference(after, before), 0);
  }
}

TEST(FoldRotations, GainsBecomeOneAndShapesStay) {
  const halfbyte::test::TemporaryFolder folder;
  const auto to = folder.path() / "rotated";
  halfbyte::fold_rotations(tiny_llama("f16"), to);
  const auto before = halfbyte::Checkpoint::open(tiny_llama("f16"));
  const auto after = halfbyte::Checkpoint::open(to);
  ASSERT_EQ(after.tensors().size(), before.tensors().size());
  for (std::size_t i = 0; i < after.tensors().size(); ++i) {
    EXPECT_EQ(after.tensors()[i].name, before.tensors()[i].name);
    EXPECT_EQ(after.tensors()[i].shape, before.tensors()[i].shape);
    EXPECT_EQ(after.tensors()[i].dtype, before.tensors()[i].dtype);
  }
  for (const float gain : widen(after.tensor("model.norm.weight"))) EXPECT_EQ(gain, 1.0F);
}

TEST(FoldRotations, RefusesWhatItCannotTurn) {
  const halfbyte::test::TemporaryFolder folder;
  const auto to = folder.path() / "rotated";
  expect_error(ErrorCode::unsupported, "from",
               [&] { halfbyte::fold_rotations(tiny_llama("gptq-sym-g128"), to); });
  EXPECT_FALSE(std::filesystem::exists(to));
  expect_error(ErrorCode::path, "to",
               [&] { halfbyte::fold_rotations(tiny_llama("f16"), tiny_llama("f16")); });
}

}  // namespace
}  // namespace llama::test
