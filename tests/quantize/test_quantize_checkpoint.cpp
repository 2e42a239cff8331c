// quantize_checkpoint(): what it writes, read back through Checkpoint.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "halfbyte/checkpoint.h"
#include "halfbyte/quantize.h"
#include "quantize/dense_model.h"

namespace halfbyte::test {
namespace {

namespace fs = std::filesystem;

struct Case {
  const char* name;
  const char* format;
  int bits;
  std::int64_t group_size;
  bool symmetric;
  bool importance;
  int shards;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

std::vector<float> importance_of(std::int64_t k) {
  std::vector<float> importance(static_cast<std::size_t>(k));
  for (std::size_t i = 0; i < importance.size(); ++i) {
    importance[i] = static_cast<float>(i * 29 % 31) + 1;
  }
  return importance;
}

void write_importance(const fs::path& path) {
  std::vector<checkpoint::NamedTensor> tensors;
  for (const std::string& linear : linears_of_dense_model()) {
    const std::int64_t k = linear.ends_with("down_proj") ? 72 : 32;
    tensors.push_back(named_tensor(linear, DType::f32, {k}, importance_of(k)));
  }
  checkpoint::write_safetensors(path, tensors, "test");
}

class QuantizeCheckpoint : public testing::TestWithParam<Case> {
 protected:
  QuantizeCheckpoint() {
    write_dense_model(from(), GetParam().shards);
    write_importance(folder_.path() / "importance.safetensors");
  }
  fs::path from() const { return folder_.path() / "dense"; }
  fs::path to() const { return folder_.path() / "quantized"; }
  QuantizeCheckpointOptions options() const {
    QuantizeCheckpointOptions options;
    options.format = GetParam().format;
    options.bits = GetParam().bits;
    options.group_size = GetParam().group_size;
    options.symmetric = GetParam().symmetric;
    if (GetParam().importance) options.importance = folder_.path() / "importance.safetensors";
    return options;
  }

  TemporaryFolder folder_;
};

TEST_P(QuantizeCheckpoint, LinearsAreWhatQuantizeMakesOfThem) {
  quantize_checkpoint(from(), to(), options());
  const Checkpoint dense = Checkpoint::open(from());
  const Checkpoint quantized = Checkpoint::open(to());
  EXPECT_EQ(quantized.format(), GetParam().format);

  std::vector<std::string> names;
  for (const LayerInfo& layer : quantized.layers()) names.push_back(layer.name);
  ASSERT_EQ(names, linears_of_dense_model());
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    const HostTensor weight = dense.tensor(name + ".weight");
    std::vector<float> importance;
    if (GetParam().importance) importance = importance_of(weight.shape[1]);
    const QuantizedWeight wanted = quantize(weight.view(), options(), importance);
    const QuantizedWeight got = quantized.load(name);
    EXPECT_EQ(got.k, wanted.k);
    EXPECT_EQ(got.n, wanted.n);
    EXPECT_EQ(got.codes, wanted.codes);
    EXPECT_EQ(got.scales, wanted.scales);
    EXPECT_EQ(got.zero_kind, wanted.zero_kind);
    EXPECT_EQ(got.zeros, wanted.zeros);
    EXPECT_EQ(got.groups, wanted.groups);
    for (std::int64_t i = 0; i < got.k; ++i) ASSERT_EQ(got.group_of(i), wanted.group_of(i));
    EXPECT_FALSE(quantized.has_tensor(name + ".weight"));
  }
}

TEST_P(QuantizeCheckpoint, EverythingElseIsCopied) {
  quantize_checkpoint(from(), to(), options());
  const Checkpoint dense = Checkpoint::open(from());
  const Checkpoint quantized = Checkpoint::open(to());
  const std::vector<std::string> linears = linears_of_dense_model();
  std::size_t copied = 0;
  for (const TensorInfo& tensor : dense.tensors()) {
    const std::string linear = tensor.name.substr(0, tensor.name.rfind('.'));
    const bool is_weight = tensor.name.ends_with(".weight");
    if (is_weight && std::find(linears.begin(), linears.end(), linear) != linears.end()) continue;
    SCOPED_TRACE(tensor.name);
    ASSERT_TRUE(quantized.has_tensor(tensor.name));
    const HostTensor before = dense.tensor(tensor.name);
    const HostTensor after = quantized.tensor(tensor.name);
    EXPECT_EQ(before.dtype, after.dtype);
    EXPECT_EQ(before.shape, after.shape);
    EXPECT_EQ(before.bytes, after.bytes);
    ++copied;
  }
  EXPECT_EQ(copied, 9U);
  EXPECT_EQ(file_content(from() / "tokenizer.json"), file_content(to() / "tokenizer.json"));

  auto config = nlohmann::json::parse(quantized.config_json());
  EXPECT_EQ(config.at("quantization_config").at("quant_method"),
            std::string(GetParam().format).starts_with("gptq") ? "gptq" : "compressed-tensors");
  config.erase("quantization_config");
  EXPECT_EQ(config, nlohmann::json::parse(dense_config));

  std::vector<std::string> files;
  for (const auto& [file, content] : folder_content(to())) files.push_back(file);
  const std::vector<std::string> wanted =
      GetParam().shards == 1
          ? std::vector<std::string>{"config.json", "model.safetensors", "tokenizer.json"}
          : std::vector<std::string>{"config.json", "model-00001-of-00002.safetensors",
                                     "model-00002-of-00002.safetensors",
                                     "model.safetensors.index.json", "tokenizer.json"};
  EXPECT_EQ(files, wanted);
}

INSTANTIATE_TEST_SUITE_P(
    Formats, QuantizeCheckpoint,
    testing::Values(Case{"gptq_sym", "gptq", 4, 16, true, false, 1},
                    Case{"gptq_asym_sharded", "gptq", 4, 32, false, false, 2},
                    Case{"gptq_3bit_one_group", "gptq", 3, -1, false, false, 1},
                    Case{"gptq_act_order", "gptq", 4, 16, true, true, 1},
                    Case{"gptq_v2_asym_act_order_sharded", "gptq_v2", 4, 16, false, true, 2},
                    Case{"gptq_v2_8bit", "gptq_v2", 8, 64, true, false, 1},
                    Case{"compressed_sym", "compressed-tensors", 4, 16, true, false, 1},
                    Case{"compressed_asym", "compressed-tensors", 4, 32, false, false, 2},
                    Case{"compressed_channel", "compressed-tensors", 4, -1, true, false, 1},
                    Case{"compressed_act_order", "compressed-tensors", 4, 16, true, true, 1}),
    [](const auto& the) { return std::string(the.param.name); });

TEST(QuantizeCheckpointMore, ProgressCountsAndMeasures) {
  const TemporaryFolder folder;
  write_dense_model(folder.path() / "dense", 1);
  std::vector<QuantizeProgress> seen;
  quantize_checkpoint(folder.path() / "dense", folder.path() / "q", {},
                      [&](const QuantizeProgress& p) { seen.push_back(p); });
  ASSERT_EQ(seen.size(), 4U);
  const Checkpoint dense = Checkpoint::open(folder.path() / "dense");
  for (std::size_t i = 0; i < seen.size(); ++i) {
    EXPECT_EQ(seen[i].layer, linears_of_dense_model()[i]);
    EXPECT_EQ(seen[i].done, static_cast<std::int64_t>(i + 1));
    EXPECT_EQ(seen[i].total, 4);
    EXPECT_GT(seen[i].relative_error, 0.01);
    EXPECT_LT(seen[i].relative_error, 0.2);
  }
}

TEST(QuantizeCheckpointMore, TiedLmHeadAndSkippedLayersAreLeft) {
  const TemporaryFolder folder;
  const fs::path from = folder.path() / "dense";
  write_dense_model(from, 1);
  QuantizeCheckpointOptions options;
  options.skip = {"q_proj", "model.layers.1.mlp.down_proj"};
  quantize_checkpoint(from, folder.path() / "untied", options);
  std::vector<std::string> names;
  const Checkpoint untied = Checkpoint::open(folder.path() / "untied");
  for (const LayerInfo& layer : untied.layers()) names.push_back(layer.name);
  EXPECT_EQ(names, (std::vector<std::string>{"lm_head", "model.layers.0.mlp.down_proj"}));

  write_text(from / "config.json", "{\"tie_word_embeddings\": true}");
  quantize_checkpoint(from, folder.path() / "tied", options);
  const Checkpoint tied = Checkpoint::open(folder.path() / "tied");
  ASSERT_EQ(tied.layers().size(), 1U);
  EXPECT_EQ(tied.layers()[0].name, "model.layers.0.mlp.down_proj");
}

TEST(QuantizeCheckpointMore, TheSameCallGivesTheSameBytes) {
  const TemporaryFolder folder;
  write_dense_model(folder.path() / "dense", 2);
  quantize_checkpoint(folder.path() / "dense", folder.path() / "a", {});
  quantize_checkpoint(folder.path() / "dense", folder.path() / "b", {});
  EXPECT_EQ(folder_content(folder.path() / "a"), folder_content(folder.path() / "b"));
}

// An earlier result in the folder is replaced as a whole, never mixed with the new one.
TEST(QuantizeCheckpointMore, AnOlderCheckpointIsReplaced) {
  const TemporaryFolder folder;
  const fs::path to = folder.path() / "q";
  write_dense_model(folder.path() / "two", 2);
  write_dense_model(folder.path() / "one", 1);
  quantize_checkpoint(folder.path() / "two", to, {});
  quantize_checkpoint(folder.path() / "one", to, {});
  EXPECT_FALSE(fs::exists(to / "model.safetensors.index.json"));
  EXPECT_EQ(Checkpoint::open(to).layers().size(), 4U);
}

}  // namespace
}  // namespace halfbyte::test
