// halfbyte-llama: continues a text with a byte-level Llama, or measures its perplexity.
//
//   halfbyte-llama --model examples/tiny_llama/gptq-sym-g128 --prompt "def read(" --tokens 200
//   halfbyte-llama --model examples/tiny_llama/f16 --perplexity examples/tiny_llama/heldout.txt
//   halfbyte-llama --model examples/tiny_llama/gptq-sym-g128 --device cuda:0
//   halfbyte-llama ... --perplexity TEXT --attention-codes int4 --attention-parts kv --hadamard qk
#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>

#include "halfbyte/halfbyte.h"
#include "llama/model.h"
#include "llama/text.h"

namespace {

struct Options {
  std::string model;
  std::string prompt = "def ";
  llama::GenerateOptions generate;
  std::string perplexity;
  std::int64_t bytes = -1;   // all of the file
  std::int64_t context = 0;  // the model's
  std::string device = "cpu";
  llama::RoundingNames rounding;
  std::string json;
};

[[noreturn]] void fail_file(const std::string& argument, const std::string& path,
                            const std::string& got) {
  throw halfbyte::Error(halfbyte::ErrorCode::io, {.function = "halfbyte-llama",
                                                  .argument = argument,
                                                  .got = got,
                                                  .wanted = "a regular file",
                                                  .advice = "check the path and its permissions",
                                                  .path = path});
}

halfbyte::Device parse_device(const std::string& text) {
  using halfbyte::DeviceType;
  if (text == "cpu") return {};
  for (int i = 0; i < 64; ++i) {
    if (text == "cuda:" + std::to_string(i)) return {DeviceType::cuda, i};
  }
  throw halfbyte::Error(halfbyte::ErrorCode::arg, {.function = "halfbyte-llama",
                                                   .argument = "--device",
                                                   .got = text,
                                                   .wanted = "cpu or cuda:I"});
}

// At most `bytes` of the file, all of it when negative.
std::string read_text(const std::string& path, std::int64_t bytes) {
  std::ifstream file(path, std::ios::binary);
  if (!std::filesystem::is_regular_file(path) || !file) {
    fail_file("--perplexity", path, "nothing that can be read");
  }
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (bytes >= 0) text.resize(std::min(text.size(), static_cast<std::size_t>(bytes)));
  return text;
}

void run(const Options& options) {
  const auto checkpoint = halfbyte::Checkpoint::open(options.model);
  llama::Model model(checkpoint, parse_device(options.device));
  model.set_rounding(llama::rounding_from_names(options.rounding));
  nlohmann::json report = {
      {"model", options.model}, {"format", checkpoint.format()}, {"device", options.device}};
  if (options.perplexity.empty()) {
    std::cout << options.prompt << std::flush;
    const auto speed = llama::generate(model, options.prompt, options.generate,
                                       [](char c) { std::cout << c << std::flush; });
    std::cout << std::endl;
    report["tokens"] = options.generate.tokens;
    report["temperature"] = options.generate.temperature;
    report["seed"] = options.generate.seed;
    report["tokens_per_second"] = speed.tokens_per_second;
    report["prefill_tokens_per_second"] = speed.prefill_tokens_per_second;
    std::fprintf(stderr, "%.0f tokens/s (prefill %.0f tokens/s), %s\n", speed.tokens_per_second,
                 speed.prefill_tokens_per_second, checkpoint.format().c_str());
  } else {
    const std::int64_t context =
        options.context > 0 ? options.context : model.shape().max_position_embeddings;
    const auto measured =
        llama::measure_perplexity(model, read_text(options.perplexity, options.bytes), context);
    report["bytes"] = measured.bytes;
    report["context"] = context;
    report["perplexity"] = measured.perplexity;
    report["bits_per_byte"] = measured.bits_per_byte;
    report["prefill_tokens_per_second"] = measured.tokens_per_second;
    std::cout << std::fixed << std::setprecision(5) << "perplexity " << measured.perplexity << ", "
              << measured.bits_per_byte << " bits per byte, " << measured.bytes
              << " bytes in windows of " << context << std::endl;
  }
  if (!options.json.empty()) {
    std::ofstream file(options.json);
    file << report.dump(2) << '\n';
    if (!file.flush()) fail_file("--json", options.json, "a path that cannot be written");
  }
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"Continues a text with a byte-level Llama, or measures its perplexity."};
  app.add_option("--model", options.model, "checkpoint folder, 16-bit or quantised")->required();
  app.add_option("--prompt", options.prompt, "text to continue")->capture_default_str();
  app.add_option("--tokens", options.generate.tokens, "bytes to add")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  app.add_option("--temperature", options.generate.temperature, "0: the likeliest byte each time")
      ->capture_default_str();
  app.add_option("--seed", options.generate.seed, "of the sampling")->capture_default_str();
  app.add_option("--perplexity", options.perplexity, "measure on this text instead");
  app.add_option("--bytes", options.bytes, "read this much of the text (default: all)")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--context", options.context, "window of the perplexity (default: the model's)")
      ->check(CLI::PositiveNumber);
  app.add_option("--device", options.device, "cpu or cuda:I: where quantised layers multiply")
      ->capture_default_str();
  app.add_option("--attention-codes", options.rounding.attention_codes,
                 "round q, k and v to: none, e4m3, e5m2, int8, int4")
      ->capture_default_str();
  app.add_option("--attention-scales", options.rounding.attention_scales,
                 "of those codes: row (each token and head), tensor (each call's q, k, v)")
      ->capture_default_str();
  app.add_option("--attention-parts", options.rounding.attention_parts,
                 "which have codes: letters of qkv; v alone is a cache of values")
      ->capture_default_str();
  app.add_option("--linear-codes", options.rounding.linear_codes,
                 "round the inputs of the blocks' linears, a scale for each token")
      ->capture_default_str();
  app.add_option("--hadamard", options.rounding.hadamard,
                 "transforms before the rounding: qk (heads of q and k), down (down_proj's input)")
      ->delimiter(',');
  app.add_option("--json", options.json, "write the figures here");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    run(options);
    return 0;
  } catch (const halfbyte::Error& error) {
    std::cerr << error.what() << '\n';
    return halfbyte::exit_status(error.code());
  } catch (const std::exception& error) {
    std::cerr << "halfbyte-llama: " << error.what() << '\n';
    return 1;
  }
}
