// Checkpoints as other people's packers make them: words written down from public documentation,
// with what they stand for, and read by the library.
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "checkpoint/writers.h"
#include "golden/temporary_checkpoint.h"

namespace halfbyte::test {
namespace {

using Words = std::vector<std::uint32_t>;
using Values = std::vector<std::vector<int>>;

constexpr std::uint16_t one_f16 = 0x3C00;

void expect_rows(const QuantizedWeight& weight, const Values& rows_nk) {
  ASSERT_EQ(weight.n, static_cast<std::int64_t>(rows_nk.size()));
  ASSERT_EQ(weight.k, static_cast<std::int64_t>(rows_nk[0].size()));
  for (std::size_t j = 0; j < rows_nk.size(); ++j) {
    for (std::size_t i = 0; i < rows_nk[j].size(); ++i) {
      EXPECT_EQ(weight.value(static_cast<std::int64_t>(i), static_cast<std::int64_t>(j)),
                rows_nk[j][i])
          << "row " << j << ", column " << i;
    }
  }
}

// The pairs of values and words with which the compressed-tensors project documents pack_to_int32
// (github.com/vllm-project/compressed-tensors, tests of the pack-quantized compressor).
QuantizedWeight compressed_tensors_weight(int bits, std::int64_t k, const Words& packed) {
  const TemporaryFolder folder;
  const std::string config =
      R"({"quant_method": "compressed-tensors", "format": "pack-quantized",
          "quantization_status": "compressed", "ignore": [],
          "config_groups": {"group_0": {"targets": ["Linear"], "input_activations": null,
            "weights": {"num_bits": )" +
      std::to_string(bits) +
      R"(, "type": "int", "symmetric": true, "strategy": "channel", "group_size": null}}}})";
  write_checkpoint(
      folder.path(), config,
      {named_tensor("proj.weight_packed", DType::i32,
                    {2, static_cast<std::int64_t>(packed.size()) / 2}, packed),
       named_tensor("proj.weight_scale", DType::f16, {2, 1},
                    std::vector<std::uint16_t>{one_f16, one_f16}),
       named_tensor("proj.weight_shape", DType::i64, {2}, std::vector<std::int64_t>{2, k})});
  return Checkpoint::open(folder.path()).load("proj");
}

TEST(PublicWords, CompressedTensors4Bit) {
  expect_rows(compressed_tensors_weight(4, 16, {1985229328, 52137, 52137, 1985229328}),
              {{-8, -7, -6, -5, -4, -3, -2, -1, 1, 2, 3, 4, -8, -8, -8, -8},
               {1, 2, 3, 4, -8, -8, -8, -8, -8, -7, -6, -5, -4, -3, -2, -1}});
}

TEST(PublicWords, CompressedTensors4BitShortRow) {
  expect_rows(
      compressed_tensors_weight(4, 12, {1985229328, 52137, 1985229328, 52137}),
      {{-8, -7, -6, -5, -4, -3, -2, -1, 1, 2, 3, 4}, {-8, -7, -6, -5, -4, -3, -2, -1, 1, 2, 3, 4}});
}

TEST(PublicWords, CompressedTensors8Bit) {
  constexpr auto minus = static_cast<std::uint32_t>(-2071756159);
  expect_rows(compressed_tensors_weight(8, 8, {minus, 50462976, 50462976, minus}),
              {{1, 2, 3, 4, -128, -127, -126, -125}, {-128, -127, -126, -125, 1, 2, 3, 4}});
}

// GPTQ: eight codes 0 ... 7 down a column are 0x76543210. A symmetric 4-bit checkpoint holds the
// word 2004318071 = 0x77777777 for eight zeros of 8 in version 1 and 2290649224 = 0x88888888 in
// version 2: the two words that tell the versions apart (github.com/vllm-project/vllm issue 38966,
// github.com/ModelCloud/GPTQModel utils/model.py).
QuantizedWeight gptq_weight(const char* version, std::uint32_t zero_word) {
  const TemporaryFolder folder;
  const std::string config = R"({"quant_method": "gptq", "bits": 4, "group_size": -1, "sym": true,
                                 "desc_act": false, "checkpoint_format": ")" +
                             std::string(version) + "\"}";
  write_checkpoint(
      folder.path(), config,
      {named_tensor("proj.qweight", DType::i32, {1, 8}, Words(8, 0x76543210U)),
       named_tensor("proj.qzeros", DType::i32, {1, 1}, Words{zero_word}),
       named_tensor("proj.scales", DType::f16, {1, 8}, std::vector<std::uint16_t>(8, one_f16)),
       named_tensor("proj.g_idx", DType::i32, {8}, Words(8, 0U))});
  return Checkpoint::open(folder.path()).load("proj");
}

TEST(PublicWords, GptqBothVersions) {
  const Values rows(8, {-8, -7, -6, -5, -4, -3, -2, -1});
  expect_rows(gptq_weight("gptq", 2004318071U), rows);
  expect_rows(gptq_weight("gptq_v2", 2290649224U), rows);
}

// AWQ gemm: the eight weights 0 ... 7 along n are the word 0x75316420, by the interleaving
// 0, 2, 4, 6, 1, 3, 5, 7 that vLLM documents for awq_pack
// (docs.vllm.ai, model_executor.layers.quantization.utils.quant_utils).
TEST(PublicWords, AwqGemm) {
  const TemporaryFolder folder;
  write_checkpoint(
      folder.path(),
      R"({"quant_method": "awq", "bits": 4, "group_size": -1, "zero_point": true,
          "version": "gemm"})",
      {named_tensor("proj.qweight", DType::i32, {8, 1}, Words(8, 0x75316420U)),
       named_tensor("proj.qzeros", DType::i32, {1, 1}, Words{0x75316420U}),
       named_tensor("proj.scales", DType::f16, {1, 8}, std::vector<std::uint16_t>(8, one_f16))});
  const QuantizedWeight weight = Checkpoint::open(folder.path()).load("proj");
  ASSERT_EQ(weight.n, 8);
  ASSERT_EQ(weight.k, 8);
  for (std::int64_t i = 0; i < 8; ++i) {
    for (std::int64_t j = 0; j < 8; ++j) {
      EXPECT_EQ(weight.code(i, j), static_cast<std::uint32_t>(j));
      EXPECT_EQ(weight.value(i, j), 0);
    }
  }
}

}  // namespace
}  // namespace halfbyte::test
