// Configurations and tensors that do not fit: one typed error, before anything large is allocated.
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/run_cli.h"
#include "golden/temporary_checkpoint.h"
#include "tiny_llama.h"

namespace llama::test {
namespace {

using halfbyte::ErrorCode;

// gptq-sym-g128 with another value of a key; none for a null pointer.
void expect_refusal(const std::string& key, const nlohmann::json* value, ErrorCode code,
                    const std::string& argument) {
  SCOPED_TRACE(key + " = " + (value != nullptr ? value->dump() : "none"));
  const halfbyte::test::TemporaryFolder folder;
  std::filesystem::copy(tiny_llama("gptq-sym-g128"), folder.path());
  auto config = nlohmann::json::parse(halfbyte::test::read_file(folder.path() / "config.json"));
  if (value != nullptr) {
    config[key] = *value;
  } else {
    config.erase(key);
  }
  halfbyte::test::write_file(folder.path() / "config.json", config.dump());
  expect_error(code, argument, [&] { Model(halfbyte::Checkpoint::open(folder.path())); });
}

TEST(LlamaConfig, RefusesSenselessKeys) {
  for (const char* key : {"hidden_size", "intermediate_size", "num_hidden_layers", "vocab_size",
                          "max_position_embeddings", "rms_norm_eps", "num_attention_heads"}) {
    expect_refusal(key, nullptr, ErrorCode::format, key);
    for (const nlohmann::json& bad :
         {nlohmann::json(-1), nlohmann::json(0), nlohmann::json("256"), nlohmann::json()}) {
      expect_refusal(key, &bad, ErrorCode::format, key);
    }
  }
  for (const nlohmann::json& bad :
       {nlohmann::json(2.5), nlohmann::json(1e12), nlohmann::json(std::int64_t{1} << 40)}) {
    expect_refusal("max_position_embeddings", &bad, ErrorCode::format, "max_position_embeddings");
  }
  const nlohmann::json three = 3;
  expect_refusal("num_key_value_heads", &three, ErrorCode::format, "num_key_value_heads");
  expect_refusal("head_dim", &three, ErrorCode::format, "head_dim");
}

TEST(LlamaConfig, RefusesOtherArchitectures) {
  const nlohmann::json other = "mamba", number = 7, scaling = {{"type", "linear"}};
  expect_refusal("model_type", &other, ErrorCode::unsupported, "model_type");
  expect_refusal("model_type", &number, ErrorCode::unsupported, "model_type");
  expect_refusal("model_type", nullptr, ErrorCode::unsupported, "model_type");
  expect_refusal("rope_scaling", &scaling, ErrorCode::unsupported, "rope_scaling");
}

TEST(LlamaConfig, RefusesTensorsOfAnotherShape) {
  const nlohmann::json hidden = 512, inner = 640, heads = 16, vocab = 1000, large = 1 << 24;
  expect_refusal("hidden_size", &hidden, ErrorCode::format, "model.embed_tokens.weight");
  expect_refusal("hidden_size", &large, ErrorCode::format, "model.embed_tokens.weight");
  expect_refusal("vocab_size", &vocab, ErrorCode::format, "model.embed_tokens.weight");
  expect_refusal("intermediate_size", &inner, ErrorCode::format, "model.layers.0.mlp.gate_proj");
  expect_refusal("num_attention_heads", &heads, ErrorCode::format,
                 "model.layers.0.self_attn.q_proj");
}

}  // namespace
}  // namespace llama::test
