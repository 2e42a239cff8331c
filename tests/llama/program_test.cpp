// halfbyte-llama as a process.
#include <nlohmann/json.hpp>
#include <set>

#include "cli/run_cli.h"
#include "golden/temporary_checkpoint.h"
#include "tiny_llama.h"

namespace llama::test {
namespace {

using halfbyte::test::run_cli;

TEST(LlamaProgram, ContinuesAText) {
  const halfbyte::test::TemporaryFolder folder;
  const auto json = folder.path() / "figures.json";
  const auto outcome = run_cli({"--model", tiny_llama("gptq-sym-g128"), "--prompt", "import ",
                                "--tokens", "20", "--json", json});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out.size(), 7 + 20 + 1U);
  EXPECT_EQ(outcome.out.substr(0, 7), "import ");
  const auto figures = nlohmann::json::parse(halfbyte::test::read_file(json));
  EXPECT_GT(figures.at("tokens_per_second"), 0);
  EXPECT_GT(figures.at("prefill_tokens_per_second"), 0);
  EXPECT_EQ(figures.at("format"), "gptq");
  EXPECT_EQ(figures.at("model"), tiny_llama("gptq-sym-g128").string());
}

TEST(LlamaProgram, MeasuresPerplexity) {
  const halfbyte::test::TemporaryFolder folder;
  const auto json = folder.path() / "figures.json";
  const auto outcome =
      run_cli({"--model", tiny_llama("gptq-asym-g64"), "--perplexity", tiny_llama("heldout.txt"),
               "--bytes", "600", "--context", "256", "--json", json});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto figures = nlohmann::json::parse(halfbyte::test::read_file(json));
  EXPECT_EQ(figures.at("bytes"), 255 + 255 + 87);
  EXPECT_EQ(figures.at("context"), 256);
  EXPECT_GT(figures.at("perplexity"), 1);
  EXPECT_LT(figures.at("bits_per_byte"), 1.6);
}

TEST(LlamaProgram, ExitStatusSaysWhoseFaultItIs) {
  const std::string model = tiny_llama("gptq-sym-g128");
  EXPECT_EQ(run_cli({}).status, 2);
  EXPECT_EQ(run_cli({"--help"}).status, 0);
  EXPECT_EQ(run_cli({"--model", model, "--tokens", "-1"}).status, 2);
  EXPECT_EQ(run_cli({"--model", model, "--temperature", "-1"}).status, 2);
  EXPECT_EQ(run_cli({"--model", model, "--prompt", ""}).status, 2);
  EXPECT_EQ(run_cli({"--model", model, "--device", "cuda"}).status, 2);
  EXPECT_EQ(run_cli({"--model", model + "-missing"}).status, 1);
  const auto missing = run_cli({"--model", model, "--perplexity", "/nowhere/at/all"});
  EXPECT_EQ(missing.status, 1);
  EXPECT_EQ(missing.err.substr(0, 5), "E_IO:") << missing.err;
  EXPECT_EQ(run_cli({"--model", model, "--perplexity", model}).status, 1);  // a folder
  EXPECT_EQ(run_cli({"--model", model, "--tokens", "1", "--json", "/nowhere/x.json"}).status, 1);
}

// Each option changes the figure, and only a little; a transform cancels where nothing is rounded.
TEST(LlamaProgram, RoundsWhatItIsToldTo) {
  const halfbyte::test::TemporaryFolder folder;
  const auto json = folder.path() / "figures.json";
  const auto perplexity = [&](const std::vector<std::string>& rounding) {
    std::vector<std::string> arguments = {"--model",      tiny_llama("f16"),
                                          "--perplexity", tiny_llama("heldout.txt"),
                                          "--bytes",      "600",
                                          "--context",    "256",
                                          "--json",       json};
    arguments.insert(arguments.end(), rounding.begin(), rounding.end());
    const auto outcome = run_cli(arguments);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return nlohmann::json::parse(halfbyte::test::read_file(json)).at("perplexity").get<double>();
  };
  const double exact = perplexity({});
  EXPECT_NEAR(perplexity({"--hadamard", "qk,down"}), exact, 1e-4);
  std::set<double> seen = {exact};
  for (const std::vector<std::string>& rounding :
       {std::vector<std::string>{"--attention-codes", "int4"},
        {"--attention-codes", "e5m2"},
        {"--attention-codes", "int4", "--attention-scales", "tensor"},
        {"--attention-codes", "int4", "--attention-parts", "v"},
        {"--attention-codes", "int4", "--hadamard", "qk"},
        {"--linear-codes", "int4"},
        {"--linear-codes", "int4", "--hadamard", "down"}}) {
    const double rounded = perplexity(rounding);
    EXPECT_TRUE(seen.insert(rounded).second) << testing::PrintToString(rounding);
    EXPECT_NEAR(rounded, exact, 0.3) << testing::PrintToString(rounding);
  }
}

TEST(LlamaProgram, RefusesARoundingThatItDoesNotKnow) {
  const std::string model = tiny_llama("f16");
  for (const auto& [option, value] :
       std::vector<std::pair<std::string, std::string>>{{"--attention-codes", "fp8"},
                                                        {"--attention-codes", ""},
                                                        {"--attention-scales", "group"},
                                                        {"--attention-parts", "qkw"},
                                                        {"--linear-codes", "int2"},
                                                        {"--hadamard", "qk,up"}}) {
    const auto outcome = run_cli({"--model", model, "--tokens", "1", option, value});
    EXPECT_EQ(outcome.status, 2) << option << ' ' << value;
    EXPECT_NE(outcome.err.find(option), std::string::npos) << outcome.err;
  }
}

}  // namespace
}  // namespace llama::test
