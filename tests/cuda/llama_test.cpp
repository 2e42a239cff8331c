// The example model with its quantised layers on the GPU: the logits are the CPU's.
#include "linear/under_test.h"
#include "llama/text.h"
#include "llama/tiny_llama.h"

namespace llama::test {
namespace {

using CudaLlama = halfbyte::test::OnDevice;

std::vector<float> logits_of(const std::string& name, halfbyte::Device device) {
  Model model = load(name, device);
  Cache cache(model.shape());
  const auto tokens = tokens_of("def main(argv):\n    return", model.shape());
  auto all = model.forward(std::span(tokens).first(16), cache);
  for (std::size_t i = 16; i < tokens.size(); ++i) {  // decode
    const auto one = model.forward(std::span(tokens).subspan(i, 1), cache);
    all.insert(all.end(), one.begin(), one.end());
  }
  return all;
}

TEST_F(CudaLlama, LogitsAreTheCpus) {
  for (const char* name : {"gptq-sym-g128", "gptq-asym-g64", "gptq-actorder-g128"}) {
    // Sums in another order move roundings of x to f16, as other kernels on the CPU do: 1e-4 there.
    EXPECT_LE(relative_difference(logits_of(name, device), logits_of(name, {})), 5e-4) << name;
  }
}

TEST_F(CudaLlama, GreedyTextIsTheSameTwice) {
  std::string texts[2];
  for (std::string& text : texts) {
    Model model = load("gptq-sym-g128", device);
    (void)generate(model, "import ", {.tokens = 40}, [&](char c) { text += c; });
  }
  EXPECT_EQ(texts[0].size(), 40u);
  EXPECT_EQ(texts[0], texts[1]);
}

}  // namespace
}  // namespace llama::test
