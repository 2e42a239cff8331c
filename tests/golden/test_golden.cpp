// Every golden checkpoint (make_golden.py) read through Checkpoint: the weights bit for bit, and,
// for the formats that can be written, the bytes of the tensors written again.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "checkpoint/writers.h"
#include "halfbyte/checkpoint.h"
#include "halfbyte/npy.h"
#include "halfbyte/numeric.h"

namespace halfbyte::test {
namespace {

namespace fs = std::filesystem;

const fs::path root = fs::path(HALFBYTE_SOURCE_DIR) / "tests" / "golden";

std::vector<std::string> cases() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(root)) {
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> writable_cases() {
  std::vector<std::string> names = cases();
  std::erase_if(names, [](const std::string& name) {
    return !name.starts_with("gptq") && !name.starts_with("compressed");
  });
  return names;
}

std::map<std::string, HostTensor> expected_weights(const std::string& name) {
  std::map<std::string, HostTensor> weights;
  for (const auto& entry : fs::directory_iterator(root / name / "expected")) {
    weights.emplace(entry.path().stem().string(), read_npy(entry.path()));
  }
  return weights;
}

std::uint32_t bits_at(const HostTensor& f32, std::int64_t i) {
  std::uint32_t bits;
  std::memcpy(&bits, f32.bytes.data() + 4 * i, sizeof bits);
  return bits;
}

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, WeightsAreTheExpectedOnesBitForBit) {
  const Checkpoint checkpoint = Checkpoint::open(root / GetParam());
  const auto expected = expected_weights(GetParam());
  ASSERT_FALSE(expected.empty());
  ASSERT_EQ(checkpoint.layers().size(), expected.size());
  for (const auto& [layer, wanted] : expected) {
    SCOPED_TRACE(layer);
    const QuantizedWeight weight = checkpoint.load(layer);
    weight.check("test", "weight");
    ASSERT_EQ(wanted.shape, (std::vector<std::int64_t>{weight.k, weight.n}));
    const LayerInfo& info = checkpoint.layer(layer);
    EXPECT_EQ(info.k, weight.k);
    EXPECT_EQ(info.n, weight.n);
    EXPECT_EQ(info.bits, weight.bits);
    EXPECT_EQ(info.group_size, weight.group_size);
    EXPECT_EQ(info.act_order, GetParam().ends_with("act_order"));
    std::int64_t differing = 0;
    for (std::int64_t i = 0; i < weight.k; ++i) {
      for (std::int64_t j = 0; j < weight.n; ++j) {
        const auto got = std::bit_cast<std::uint32_t>(static_cast<float>(weight.value(i, j)));
        if (got != bits_at(wanted, i * weight.n + j)) ++differing;
      }
    }
    EXPECT_EQ(differing, 0);
  }
}

TEST_P(Golden, BiasesAreRead) {
  const Checkpoint checkpoint = Checkpoint::open(root / GetParam());
  for (const LayerInfo& info : checkpoint.layers()) {
    const auto bias = checkpoint.bias(info.name);
    ASSERT_EQ(bias.has_value(), info.has_bias);
    if (!bias) continue;
    ASSERT_EQ(bias->shape, std::vector{info.n});
    for (std::int64_t j = 0; j < info.n; ++j) {
      EXPECT_EQ(load_element(bias->bytes.data(), bias->dtype, j),
                static_cast<double>(j) / 16 - 0.5);
    }
  }
}

const checkpoint::CheckpointWriter* writer_of(const std::string& format) {
  for (const checkpoint::CheckpointWriter& writer : checkpoint::checkpoint_writers()) {
    if (writer.name == format) return &writer;
  }
  return nullptr;
}

// The cases in a format that the library writes.
class Rewritten : public testing::TestWithParam<std::string> {};

TEST_P(Rewritten, TheTensorsAreTheSameBytes) {
  const Checkpoint source = Checkpoint::open(root / GetParam());
  const checkpoint::CheckpointWriter* writer = writer_of(source.format());
  ASSERT_NE(writer, nullptr) << source.format();
  for (const LayerInfo& info : source.layers()) {
    std::map<std::string, HostTensor> written;
    for (checkpoint::NamedTensor& part : writer->to_tensors(info.name, source.load(info.name))) {
      written.emplace(part.name, std::move(part.tensor));
    }
    std::size_t compared = 0;
    for (const TensorInfo& tensor : source.tensors()) {
      if (!tensor.name.starts_with(info.name + ".") || tensor.name.ends_with(".bias")) continue;
      SCOPED_TRACE(tensor.name);
      ASSERT_TRUE(written.contains(tensor.name));
      const HostTensor& again = written.at(tensor.name);
      EXPECT_EQ(again.dtype, tensor.dtype);
      EXPECT_EQ(again.shape, tensor.shape);
      EXPECT_TRUE(again.bytes == source.tensor(tensor.name).bytes);
      ++compared;
    }
    EXPECT_GE(compared, 3U);
  }
}

INSTANTIATE_TEST_SUITE_P(Dialects, Golden, testing::ValuesIn(cases()),
                         [](const auto& the) { return the.param; });

INSTANTIATE_TEST_SUITE_P(Dialects, Rewritten, testing::ValuesIn(writable_cases()),
                         [](const auto& the) { return the.param; });

TEST(GoldenFolder, HasEveryDialect) {
  const std::vector<std::string> names = cases();
  EXPECT_EQ(names.size(), 24U);
  EXPECT_EQ(writable_cases().size(), 21U);
  for (const char* dialect : {"gptq_v1", "gptq_v2", "awq", "compressed", "mxfp4"}) {
    EXPECT_TRUE(std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return name.starts_with(dialect);
    })) << dialect;
  }
}

}  // namespace
}  // namespace halfbyte::test
