// Generation and perplexity.
#include <algorithm>

#include "llama/text.h"

#include <cmath>
#include <map>

#include "cli/run_cli.h"
#include "halfbyte/threads.h"
#include "tiny_llama.h"

namespace llama::test {
namespace {

using halfbyte::ErrorCode;

std::string continued(Model& model, std::string_view prompt, const GenerateOptions& options) {
  std::string text;
  generate(model, prompt, options, [&](char c) { text += c; });
  return text;
}

TEST(Generate, GreedyTextIsTheLikeliestByteEachTime) {
  Model model = load("gptq-sym-g128");
  const std::string text = continued(model, "import ", {.tokens = 24});
  ASSERT_EQ(text.size(), 24U);
  std::string seen = "import ";
  for (const char c : text) {  // without the cache
    Cache cache(model.shape());
    const auto logits = model.forward(tokens_of(seen, model.shape()), cache);
    const auto top = std::max_element(logits.end() - 256, logits.end());
    EXPECT_EQ(top - (logits.end() - 256), static_cast<unsigned char>(c)) << seen;
    seen += c;
  }
}

TEST(Generate, ASeedGivesItsText) {
  Model model = load("gptq-sym-g128");
  const GenerateOptions options{.tokens = 60, .temperature = 1.0, .seed = 7};
  const std::string text = continued(model, "class ", options);
  EXPECT_EQ(continued(model, "class ", options), text);
  GenerateOptions other = options;
  other.seed = 8;
  EXPECT_NE(continued(model, "class ", other), text);
}

TEST(Generate, SamplesFollowTheModelsDistribution) {
  Model model = load("gptq-sym-g128");
  Cache cache(model.shape());
  const std::string prompt = "import s";
  const auto logits = model.forward(tokens_of(prompt, model.shape()), cache);
  std::vector<double> weight;
  double sum = 0;
  for (std::size_t i = logits.size() - 256; i < logits.size(); ++i) {
    weight.push_back(std::exp(double{logits[i]} / 2.0));
    sum += weight.back();
  }
  std::map<char, int> counts;
  const int draws = 200;
  halfbyte::set_num_threads(1);  // 200 prefills of 8 bytes: not worth a second thread
  for (int seed = 0; seed < draws; ++seed) {
    ++counts[continued(model, prompt,
                       {.tokens = 1, .temperature = 2.0, .seed = static_cast<unsigned>(seed)})[0]];
  }
  halfbyte::set_num_threads(0);
  for (const auto& [byte, count] : counts) {
    const double share = weight[static_cast<unsigned char>(byte)] / sum;
    const double deviation = std::sqrt(share * (1 - share) / draws);
    EXPECT_LE(std::fabs(static_cast<double>(count) / draws - share), 5 * deviation + 2.0 / draws)
        << byte;
  }
}

TEST(Generate, GoesOnBeyondTheContext) {
  Model model = load("gptq-sym-g128");
  const std::string prompt(600, '#');  // longer than the context of 512
  EXPECT_EQ(continued(model, prompt, {.tokens = 3}).size(), 3U);
  EXPECT_EQ(continued(model, std::string(500, 'x'), {.tokens = 40}).size(), 40U);
  EXPECT_EQ(continued(model, "x", {.tokens = 0}), "");
}

TEST(Generate, RefusesWhatItCannotDo) {
  Model model = load("gptq-sym-g128");
  expect_error(ErrorCode::arg, "prompt", [&] { continued(model, "", {}); });
  for (const double bad : {-0.1, std::nan(""), 1e9}) {
    expect_error(ErrorCode::range, "temperature",
                 [&] { continued(model, "a", {.tokens = 1, .temperature = bad}); });
  }
  EXPECT_EQ(continued(model, "a", {.tokens = 2}).size(), 2U);
}

TEST(Perplexity, FourBitsCostAtMostThreePercent) {
  const std::string text = halfbyte::test::read_file(tiny_llama("heldout.txt")).substr(0, 4096);
  Model dense = load("f16");
  const Perplexity reference = measure_perplexity(dense, text, 512);
  EXPECT_EQ(reference.bytes, 8 * 511);
  EXPECT_LE(reference.bits_per_byte, 1.6);
  for (const char* name : checkpoints) {
    Model model = load(name);
    const Perplexity measured = measure_perplexity(model, text, 512);
    EXPECT_LE(measured.perplexity, 1.03 * reference.perplexity) << name;
    EXPECT_GE(measured.perplexity, 0.99 * reference.perplexity) << name;
    EXPECT_NEAR(std::log2(measured.perplexity), measured.bits_per_byte, 1e-9) << name;
  }
}

TEST(Perplexity, WindowsAreScoredByTheirOwnBytes) {
  Model model = load("gptq-sym-g128");
  const std::string text = "for i in range(10):\n    pass\n";
  const Perplexity whole = measure_perplexity(model, text, 512);
  EXPECT_EQ(whole.bytes, static_cast<std::int64_t>(text.size()) - 1);
  EXPECT_EQ(measure_perplexity(model, text, 10).bytes, 9 + 9 + 8);
  EXPECT_EQ(measure_perplexity(model, text.substr(0, 21), 10).bytes, 18);  // a last byte alone
  EXPECT_LT(whole.perplexity, 256);
}

TEST(Perplexity, RefusesWhatItCannotDo) {
  Model model = load("gptq-sym-g128");
  for (const char* text : {"", "a"}) {
    expect_error(ErrorCode::arg, "text", [&] { measure_perplexity(model, text, 512); });
  }
  for (const int context : {-1, 0, 1, 513}) {
    expect_error(ErrorCode::range, "context", [&] { measure_perplexity(model, "abc", context); });
  }
}

}  // namespace
}  // namespace llama::test
