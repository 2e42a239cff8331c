// The model's logits: against torch's, and against themselves from other ways through the cache.
#include <algorithm>

#include "llama/model.h"

#include <cmath>

#include "halfbyte/npy.h"
#include "halfbyte/threads.h"
#include "llama/text.h"
#include "tiny_llama.h"

namespace llama::test {
namespace {

using halfbyte::ErrorCode;

constexpr std::string_view prompt = "def main(argv):\n";  // record.json: reference_prompt

std::vector<float> forward_in_steps(Model& model, const std::vector<int>& tokens,
                                    const std::vector<std::size_t>& steps) {
  Cache cache(model.shape());
  std::vector<float> all;
  std::size_t at = 0;
  for (const std::size_t step : steps) {
    const auto logits = model.forward(std::span(tokens).subspan(at, step), cache);
    all.insert(all.end(), logits.begin(), logits.end());
    at += step;
  }
  EXPECT_EQ(at, tokens.size());
  return all;
}

TEST(RelativeDifference, RejectsNaNAndOtherSizes) {
  EXPECT_FALSE(relative_difference({1, NAN}, {1, 2}) <= 1e9);
  EXPECT_FALSE(relative_difference({1}, {1, 2}) <= 1e9);
  EXPECT_NEAR(relative_difference({1, 2}, {1, -2}), 4 / std::sqrt(5.0), 1e-12);
}

TEST(LlamaModel, LogitsOf16BitModelAreTorchs) {
  Model model = load("f16");
  const auto reference = widen(halfbyte::read_npy(tiny_llama("reference_logits.npy")));
  const auto tokens = tokens_of(prompt, model.shape());
  ASSERT_EQ(reference.size(), tokens.size() * 256);
  const auto logits = forward_in_steps(model, tokens, {tokens.size()});
  // Both compute in f32 or better from the same f16 weights; sums over k = 768 in another order,
  // through 9 blocks.
  EXPECT_LE(relative_difference(logits, reference), 2e-6);  // 3.2e-7 seen
}

TEST(LlamaModel, LogitsOf4BitModelsAreNearTorchsOf16Bit) {
  const auto reference = widen(halfbyte::read_npy(tiny_llama("reference_logits.npy")));
  for (const char* name : checkpoints) {
    Model model = load(name);
    const auto tokens = tokens_of(prompt, model.shape());
    const double distance =
        relative_difference(forward_in_steps(model, tokens, {tokens.size()}), reference);
    EXPECT_LE(distance, 0.06) << name;  // 0.034 seen, of weights 10 % away
    const bool quantised = std::string(name) != "f16";
    EXPECT_EQ(distance > 1e-3, quantised) << name;
  }
}

TEST(LlamaModel, DecodingEqualsPrefill) {
  for (const char* name : checkpoints) {
    Model model = load(name);
    const auto tokens = tokens_of(prompt, model.shape());
    const auto whole = forward_in_steps(model, tokens, {16});
    const auto bytewise = forward_in_steps(model, tokens, std::vector<std::size_t>(16, 1));
    const auto chunks = forward_in_steps(model, tokens, {5, 1, 8, 2});
    // Other kernels serve other m; what they differ by moves roundings of x to f16.
    const double bound = std::string(name) == "f16" ? 0 : 5e-4;  // 1e-4 seen
    EXPECT_LE(relative_difference(bytewise, whole), bound) << name;
    EXPECT_LE(relative_difference(chunks, whole), bound) << name;
  }
}

TEST(LlamaModel, BitsDoNotDependOnThreads) {
  for (const char* name : {"f16", "gptq-actorder-g128"}) {
    Model model = load(name);
    const auto tokens = tokens_of(prompt, model.shape());
    halfbyte::set_num_threads(1);
    const auto one = forward_in_steps(model, tokens, {15, 1});
    halfbyte::set_num_threads(3);
    const auto three = forward_in_steps(model, tokens, {15, 1});
    halfbyte::set_num_threads(0);
    EXPECT_EQ(one, three) << name;
  }
}

TEST(LlamaModel, RefusedTokensLeaveTheCacheAlone) {
  Model model = load("gptq-sym-g128");
  const auto tokens = tokens_of(prompt, model.shape());
  const auto expected = forward_in_steps(model, tokens, {10, 6});
  Cache cache(model.shape());
  model.forward(std::span(tokens).first(10), cache);
  const std::vector<int> too_many(503, 'a');
  expect_error(ErrorCode::range, "tokens", [&] { model.forward(too_many, cache); });
  for (const int bad : {-1, 256}) {
    expect_error(ErrorCode::range, "tokens", [&] { model.forward({&bad, 1}, cache); });
  }
  const auto after = model.forward(std::span(tokens).subspan(10), cache);
  EXPECT_TRUE(std::equal(after.begin(), after.end(), expected.end() - 6 * 256));
  EXPECT_TRUE(model.forward({}, cache).empty());
}

TEST(TinyLlama, IsWhatItsRecordSays) {
  for (const char* name : checkpoints) {
    const auto checkpoint = halfbyte::Checkpoint::open(tiny_llama(name));
    if (std::string(name) == "f16") {
      EXPECT_EQ(checkpoint.format(), "dense");
      EXPECT_TRUE(checkpoint.layers().empty());
      continue;
    }
    EXPECT_EQ(checkpoint.format(), "gptq") << name;
    EXPECT_EQ(checkpoint.layers().size(), 9 * 7U) << name;
    const bool act_order = std::string(name) == "gptq-actorder-g128";
    for (const auto& layer : checkpoint.layers()) {
      EXPECT_EQ(layer.k % 128, 0) << layer.name;
      EXPECT_EQ(layer.n % 128, 0) << layer.name;
      EXPECT_EQ(layer.bits, 4) << layer.name;
      EXPECT_EQ(layer.group_size, std::string(name) == "gptq-asym-g64" ? 64 : 128) << layer.name;
      EXPECT_EQ(layer.act_order, act_order) << name << " " << layer.name;
    }
  }
}

}  // namespace
}  // namespace llama::test
