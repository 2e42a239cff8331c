// Layers of every shape that the formats allow: packed here in the most naive way, or written by
// the library's own writers, and read back.
#include <cmath>

#include <algorithm>

#include "checkpoint/random_layer.h"
#include "checkpoint/support.h"
#include "checkpoint/writers.h"

namespace halfbyte {
namespace {

using checkpoint::CheckpointWriter;
using checkpoint::NamedTensor;
using test::Bits;
using test::LayerShape;
using test::random_layer;
using test::TemporaryFolder;
using test::tensor_of;
using test::Tensors;

std::vector<LayerShape> shapes(std::initializer_list<int> all_bits, bool multiples_of_8 = false) {
  std::vector<LayerShape> list;
  for (const int bits : all_bits)
    for (const std::int64_t k : {1, 7, 8, 31, 32, 33, 64, 100, 129})
      for (const std::int64_t n : {1, 5, 8, 11, 32, 40})
        for (const std::int64_t group : {-1, 8, 24, 32, 128, 256})
          for (const bool symmetric : {true, false})
            for (const bool act_order : {false, true}) {
              if (multiples_of_8 && (n % 8 != 0 || act_order)) continue;
              list.push_back({k, n, bits, group, symmetric, act_order});
            }
  return list;
}

Tensors to_map(const std::vector<NamedTensor>& list) {
  Tensors map;
  for (const NamedTensor& t : list) map.emplace(t.name, t.tensor);
  return map;
}

std::string config_of(const CheckpointWriter& writer, const LayerShape& s, bool act_order) {
  nlohmann::ordered_json config = {{"model_type", "llama"}};
  config["quantization_config"] = writer.config({.bits = s.bits,
                                                 .group_size = s.group,
                                                 .symmetric = s.symmetric,
                                                 .act_order = act_order,
                                                 .ignore = {"lm_head"}});
  return config.dump();
}

// GPTQ stores zeros even where they are all in the middle; a reader finds that out.
QuantizedWeight as_gptq_reads(QuantizedWeight w) {
  const bool middle =
      std::all_of(w.zeros.begin(), w.zeros.end(), [&](int z) { return z == 1 << (w.bits - 1); });
  if (middle) {
    w.zero_kind = ZeroKind::symmetric;
    w.zeros = {};
  }
  return w;
}

bool all_groups_trivial(const QuantizedWeight& w) {
  for (std::int64_t i = 0; i < w.k; ++i)
    if (w.group_of(i) != i / w.group_size) return false;
  return true;
}

class Writers : public testing::TestWithParam<const char*> {};

TEST_P(Writers, WhatIsWrittenIsReadBackAndWrittenAgainTheSame) {
  const CheckpointWriter& writer = checkpoint::find_writer(GetParam(), "test");
  const TemporaryFolder root;
  std::uint32_t seed = 0;
  // One checkpoint per config with all its layers, so that the disk is not what is tested.
  std::map<std::string, std::vector<LayerShape>> by_config;
  for (const LayerShape& s : shapes({2, 3, 4, 8}))
    by_config[config_of(writer, s, s.act_order)].push_back(s);
  std::size_t layers = 0;
  for (const auto& [config, list] : by_config) {
    Tensors tensors;
    std::map<std::string, QuantizedWeight> wanted;
    for (const LayerShape& s : list) {
      QuantizedWeight w = random_layer(s, ++seed);
      if (all_groups_trivial(w)) w.g_idx.clear();  // the canonical form of no order
      const std::string name = "model.layer" + std::to_string(seed);
      for (auto& [key, tensor] : to_map(writer.to_tensors(name, w))) tensors.emplace(key, tensor);
      if (s.act_order && w.groups > 1 && w.g_idx.empty() && writer.name == "compressed-tensors")
        tensors.emplace(name + ".weight_g_idx", tensor_of<std::int32_t>(DType::i32, {w.k}, [&] {
                          std::vector<std::int32_t> index;
                          for (std::int64_t i = 0; i < w.k; ++i)
                            index.push_back(static_cast<std::int32_t>(i / w.group_size));
                          return index;
                        }()));
      wanted.emplace(name, std::move(w));
    }
    test::write_model(root.path(), config, tensors);
    const Checkpoint model = Checkpoint::open(root.path(), {.format = GetParam()});
    ASSERT_EQ(model.layers().size(), wanted.size());
    for (const auto& [name, w] : wanted) {
      const QuantizedWeight got = model.load(name);
      test::expect_same(got, writer.name == "compressed-tensors" ? w : as_gptq_reads(w));
      const LayerInfo& info = model.layer(name);
      EXPECT_EQ(info.act_order, !w.g_idx.empty());
      EXPECT_EQ(info.group_size, w.group_size);
      EXPECT_FALSE(info.has_bias);
      for (const auto& [key, tensor] : to_map(writer.to_tensors(name, got)))
        EXPECT_EQ(tensor.bytes, tensors.at(key).bytes) << key;
      for (const checkpoint::TensorSpec& spec : writer.specs(name, got)) {
        EXPECT_EQ(spec.dtype, tensors.at(spec.name).dtype);
        EXPECT_EQ(spec.shape, tensors.at(spec.name).shape);
      }
      ++layers;
      if (testing::Test::HasFailure()) FAIL() << name;
    }
  }
  EXPECT_EQ(layers, shapes({2, 3, 4, 8}).size());
  RecordProperty("layers", static_cast<int>(layers));
}

INSTANTIATE_TEST_SUITE_P(All, Writers, testing::Values("gptq", "gptq_v2", "compressed-tensors"));

// The bytes as the format's description has them, from single bits.
Tensors pack_gptq(const std::string& name, const QuantizedWeight& w, bool v1) {
  const std::int64_t rows = (w.k * w.bits + 31) / 32, columns = (w.n * w.bits + 31) / 32;
  std::vector<std::uint32_t> qweight(static_cast<std::size_t>(rows * w.n));
  for (std::int64_t j = 0; j < w.n; ++j) {
    Bits bits;
    for (std::int64_t i = 0; i < w.k; ++i) bits.push(w.code(i, j), w.bits);
    const auto words = bits.words();
    for (std::int64_t r = 0; r < rows; ++r)
      qweight[static_cast<std::size_t>(r * w.n + j)] = words[static_cast<std::size_t>(r)];
  }
  std::vector<std::uint32_t> qzeros;
  for (std::int64_t g = 0; g < w.groups; ++g) {
    Bits bits;
    for (std::int64_t j = 0; j < w.n; ++j) {
      const int z = w.zero_kind == ZeroKind::symmetric
                        ? 1 << (w.bits - 1)
                        : w.zeros[static_cast<std::size_t>(g * w.n + j)];
      bits.push(static_cast<std::uint32_t>(v1 && w.bits == 3 ? z - 1 : z), w.bits);
    }
    for (std::uint32_t word : bits.words()) {
      std::uint32_t ones = 0;
      for (int bit = 0; bit < 32; bit += w.bits) ones |= 1U << bit;
      // Here the unused fields take part too: readers must not care.
      qzeros.push_back(v1 && w.bits != 3 ? word - ones : word);
    }
  }
  HostTensor scales{.dtype = w.scale_dtype, .shape = {w.groups, w.n}, .bytes = w.scales};
  Tensors tensors = {
      {name + ".qweight", tensor_of(DType::i32, {rows, w.n}, qweight)},
      {name + ".qzeros", tensor_of(DType::i32, {w.groups, columns}, qzeros)},
      {name + ".scales", scales},
  };
  if (!w.g_idx.empty()) tensors.emplace(name + ".g_idx", tensor_of(DType::i32, {w.k}, w.g_idx));
  return tensors;
}

TEST(Gptq, ReadsWhatWasPackedBitByBit) {
  const TemporaryFolder root;
  for (const bool v1 : {true, false}) {
    std::uint32_t seed = 1000;
    for (const int bits : {2, 3, 4, 8}) {
      for (const bool act_order : {false, true}) {
        Tensors tensors;
        std::map<std::string, QuantizedWeight> wanted;
        for (const std::int64_t k : {32, 64, 96})
          for (const std::int64_t n : {1, 3, 8, 17}) {
            const LayerShape s{k, n, bits, 16, false, act_order};
            const std::string name = "l" + std::to_string(++seed);
            QuantizedWeight w = random_layer(s, seed);
            for (auto& [key, tensor] : pack_gptq(name, w, v1)) tensors.emplace(key, tensor);
            wanted.emplace(name, w);
          }
        const std::string config =
            "{\"quantization_config\":{\"quant_method\":\"gptq\",\"bits\":" + std::to_string(bits) +
            ",\"group_size\":16,\"desc_act\":" + (act_order ? "true" : "false") +
            ",\"sym\":false,\"checkpoint_format\":\"" + (v1 ? "gptq" : "gptq_v2") + "\"}}";
        test::write_model(root.path(), config, tensors);
        const Checkpoint model = Checkpoint::open(root.path());
        EXPECT_EQ(model.format(), v1 ? "gptq" : "gptq_v2");
        for (const auto& [name, w] : wanted) {
          SCOPED_TRACE(name);
          test::expect_same(model.load(name), as_gptq_reads(w));
        }
      }
    }
  }
}

TEST(Awq, ReadsWhatWasPackedNibbleByNibble) {
  constexpr int order[] = {0, 2, 4, 6, 1, 3, 5, 7};
  const TemporaryFolder root;
  std::uint32_t seed = 0;
  std::size_t layers = 0;
  for (const std::int64_t group : {-1, 8, 24, 32, 128, 256})
    for (const bool symmetric : {true, false}) {
      Tensors tensors;
      std::map<std::string, QuantizedWeight> wanted;
      for (LayerShape s : shapes({4}, true)) {
        if (s.group != group || s.symmetric != symmetric) continue;
        QuantizedWeight w = random_layer(s, ++seed);
        std::vector<std::uint32_t> qweight, qzeros;
        for (std::int64_t i = 0; i < w.k; ++i)
          for (std::int64_t c = 0; c < w.n / 8; ++c) {
            std::uint32_t word = 0;
            for (int f = 0; f < 8; ++f) word |= w.code(i, 8 * c + order[f]) << (4 * f);
            qweight.push_back(word);
          }
        for (std::int64_t g = 0; g < w.groups; ++g)
          for (std::int64_t c = 0; c < w.n / 8; ++c) {
            std::uint32_t word = 0;
            for (int f = 0; f < 8; ++f)
              word |=
                  (symmetric ? 8U : w.zeros[static_cast<std::size_t>(g * w.n + 8 * c + order[f])])
                  << (4 * f);
            qzeros.push_back(word);
          }
        const std::string name = "layer" + std::to_string(seed);
        tensors.emplace(name + ".qweight", tensor_of(DType::i32, {w.k, w.n / 8}, qweight));
        tensors.emplace(name + ".qzeros", tensor_of(DType::i32, {w.groups, w.n / 8}, qzeros));
        tensors.emplace(name + ".scales", HostTensor{DType::f16, {w.groups, w.n}, w.scales});
        wanted.emplace(name, std::move(w));
      }
      test::write_bytes(root / "quant_config.json",
                        "{\"w_bit\":4,\"q_group_size\":" + std::to_string(group) +
                            ",\"zero_point\":true,\"version\":\"GEMM\"}");
      test::write_model(root.path(), "{}", tensors);
      const Checkpoint model = Checkpoint::open(root.path());
      EXPECT_EQ(model.format(), "awq");
      for (const auto& [name, w] : wanted) {
        SCOPED_TRACE(name);
        test::expect_same(model.load(name), w);
        ++layers;
      }
    }
  EXPECT_EQ(layers, shapes({4}, true).size());
}

TEST(CompressedTensors, OldFilesBeginAWordForEveryTenFieldsOfThreeBits) {
  const TemporaryFolder root;
  const LayerShape s{64, 24, 3, 32, false, false};
  const QuantizedWeight w = random_layer(s, 5);
  std::vector<std::uint32_t> packed, zeros;
  for (std::int64_t j = 0; j < w.n; ++j)
    for (std::int64_t i = 0; i < w.k; ++i) {
      if (i % 10 == 0) packed.push_back(0);
      packed.back() |= w.code(i, j) << (3 * (i % 10));
    }
  zeros.resize(3 * 2);
  for (std::int64_t g = 0; g < 2; ++g)
    for (std::int64_t j = 0; j < w.n; ++j)
      zeros[static_cast<std::size_t>(j / 10 * 2 + g)] |=
          static_cast<std::uint32_t>(w.zeros[static_cast<std::size_t>(g * w.n + j)])
          << (3 * (j % 10));
  auto tensors = to_map(checkpoint::find_writer("compressed-tensors", "t").to_tensors("l", w));
  const Tensors dense = tensors;
  tensors["l.weight_packed"] = tensor_of(DType::i32, {24, 7}, packed);
  tensors["l.weight_zero_point"] = tensor_of(DType::i32, {3, 2}, zeros);
  const std::string config =
      config_of(checkpoint::find_writer("compressed-tensors", "t"), s, false);
  test::write_model(root.path(), config, tensors);
  test::expect_same(Checkpoint::open(root.path()).load("l"), w);
  test::write_model(root.path(), config, dense);
  test::expect_same(Checkpoint::open(root.path()).load("l"), w);
}

TEST(Mxfp4, IsATableOfSixteenValues) {
  const TemporaryFolder root;
  std::vector<std::uint8_t> packed, scales;
  for (int i = 0; i < 3 * 20; ++i) packed.push_back(static_cast<std::uint8_t>(37 * i));
  for (int i = 0; i < 3 * 2; ++i) scales.push_back(static_cast<std::uint8_t>(120 + i));
  test::write_model(
      root.path(),
      R"({"quantization_config":{"quant_method":"compressed-tensors","format":"mxfp4-pack-quantized",
          "config_groups":{"group_0":{"targets":["Linear"],"weights":{"num_bits":4,"type":"float",
          "symmetric":true,"strategy":"group","group_size":32}}}}})",
      {{"l.weight_packed", tensor_of(DType::u8, {3, 20}, packed)},
       {"l.weight_scale", tensor_of(DType::u8, {3, 2}, scales)}});
  const Checkpoint model = Checkpoint::open(root.path());
  EXPECT_EQ(model.format(), "mxfp4");
  const QuantizedWeight w = model.load("l");
  EXPECT_EQ(w.k, 40);
  EXPECT_EQ(w.n, 3);
  EXPECT_EQ(w.groups, 2);
  const double values[] = {0, 0.5, 1, 1.5, 2, 3, 4, 6};
  for (std::int64_t j = 0; j < 3; ++j)
    for (std::int64_t i = 0; i < 40; ++i) {
      const int code = packed[static_cast<std::size_t>(j * 20 + i / 2)] >> (i % 2 * 4) & 15;
      const double scale = std::ldexp(1.0, scales[static_cast<std::size_t>(j * 2 + i / 32)] - 127);
      EXPECT_EQ(w.value(i, j), (code & 8 ? -1 : 1) * values[code & 7] * scale);
    }
}

TEST(WritersTable, RefuseWhatTheFormatCannotHold) {
  for (const CheckpointWriter& writer : checkpoint::checkpoint_writers()) {
    const QuantizedWeight good = random_layer({64, 8, 4, 32, false, false}, 1);
    writer.to_tensors("l", good);
    QuantizedWeight bad = good;
    bad.meaning = CodeMeaning::table;
    test::expect_error(ErrorCode::unsupported, [&] { writer.to_tensors("l", bad); });
    bad = good;
    bad.zero_kind = ZeroKind::minimum;
    bad.zeros = {};
    bad.offsets = bad.scales;
    test::expect_error(ErrorCode::unsupported, [&] { writer.to_tensors("l", bad); });
    bad = good;
    bad.scale_dtype = DType::e8m0;
    bad.scales.resize(bad.scales.size() / 2);
    test::expect_error(ErrorCode::unsupported, [&] { writer.to_tensors("l", bad); });
    bad = good;
    bad.zeros[3] = 16;  // version 1 could store 16 as 15; no reader would take it for 16
    test::expect_error(ErrorCode::range, [&] { writer.to_tensors("l", bad); });
  }
  const Error error =
      test::expect_error(ErrorCode::arg, [] { checkpoint::find_writer("gguf", "test"); });
  EXPECT_NE(error.detail().wanted.find("gptq_v2"), std::string::npos);
}

}  // namespace
}  // namespace halfbyte
