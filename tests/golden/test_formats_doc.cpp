// docs/formats.md against the library: every word of its tables, for the example that it defines.
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "checkpoint/file.h"
#include "checkpoint/safetensors.h"
#include "checkpoint/writers.h"
#include "golden/temporary_checkpoint.h"
#include "halfbyte/numeric.h"

namespace halfbyte::test {
namespace {

constexpr std::int64_t k = 32;
constexpr std::int64_t n = 32;

std::string read_document() {
  std::ifstream in(std::string(HALFBYTE_SOURCE_DIR) + "/docs/formats.md");
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// The example of the document.
QuantizedWeight example(int bits) {
  QuantizedWeight weight;
  weight.k = k;
  weight.n = n;
  weight.bits = bits;
  weight.group_size = k;
  weight.groups = 1;
  weight.codes.resize(static_cast<std::size_t>(n * weight.code_bytes_per_column()));
  weight.scales.resize(2 * n);
  weight.zero_kind = ZeroKind::integer;
  weight.zeros.resize(n);
  const std::int64_t count = std::int64_t{1} << bits;
  for (std::int64_t j = 0; j < n; ++j) {
    for (std::int64_t i = 0; i < k; ++i) {
      weight.set_code(i, j, static_cast<std::uint32_t>((i + j) % count));
    }
    weight.zeros[static_cast<std::size_t>(j)] = static_cast<std::uint8_t>(j % count);
    store_element(weight.scales.data(), DType::f16, j, 0.5);
  }
  weight.check("test", "example");
  return weight;
}

using Tensors = std::map<std::string, HostTensor>;

Tensors by_name(std::vector<checkpoint::NamedTensor> parts) {
  Tensors tensors;
  for (auto& part : parts) tensors.emplace(part.name.substr(2), std::move(part.tensor));
  return tensors;
}

// AWQ and MXFP4 are only read: the example is written here by the document's rule, and what the
// library reads from it is compared with what the document says it means.
std::vector<checkpoint::NamedTensor> awq_example() {
  constexpr int order[8] = {0, 2, 4, 6, 1, 3, 5, 7};
  std::vector<std::uint32_t> codes(k * n / 8), zeros(n / 8);
  for (std::uint32_t c = 0; c < n / 8; ++c) {
    for (std::uint32_t nibble = 0; nibble < 8; ++nibble) {
      const std::uint32_t j = 8 * c + static_cast<std::uint32_t>(order[nibble]);
      zeros[c] |= j % 16 << (4 * nibble);
      for (std::uint32_t i = 0; i < k; ++i) codes[i * (n / 8) + c] |= (i + j) % 16 << (4 * nibble);
    }
  }
  return {named_tensor("L.qweight", DType::i32, {k, n / 8}, codes),
          named_tensor("L.qzeros", DType::i32, {1, n / 8}, zeros),
          named_tensor("L.scales", DType::f16, {1, n}, std::vector<std::uint16_t>(n, 0x3800))};
}

std::vector<checkpoint::NamedTensor> mxfp4_example() {
  std::vector<std::uint8_t> packed(n * k / 2);
  for (std::size_t j = 0; j < n; ++j) {
    for (std::size_t i = 0; i < k; ++i) {
      packed[(j * k + i) / 2] |= static_cast<std::uint8_t>((i + j) % 16 << (i % 2 * 4));
    }
  }
  return {
      named_tensor("L.weight_packed", DType::u8, {n, k / 2}, packed),
      named_tensor("L.weight_scale", DType::u8, {n, k / 32}, std::vector<std::uint8_t>(n, 126))};
}

Tensors tensors_of(const std::string& format, int bits) {
  if (format == "awq") return by_name(awq_example());
  if (format == "mxfp4") return by_name(mxfp4_example());
  return by_name(checkpoint::find_writer(format, "test").to_tensors("L", example(bits)));
}

std::uint64_t element(const HostTensor& tensor, std::int64_t row, std::int64_t column) {
  const std::size_t size = size_of(tensor.dtype);
  const auto at = static_cast<std::size_t>(row * tensor.shape.at(1) + column) * size;
  std::uint64_t value = 0;
  std::memcpy(&value, tensor.bytes.data() + at, size);
  return value;
}

TEST(FormatsDocument, EveryWordOfTheTables) {
  const std::string text = read_document();
  const std::regex row(R"(\| `([\w-]+)` \| (\d) \| `(\w+)\[(\d+), (\d+)\]` \| `0x([0-9A-F]+)` \|)");
  std::map<std::string, int> rows;
  for (std::sregex_iterator it(text.begin(), text.end(), row), end; it != end; ++it) {
    const std::smatch& m = *it;
    SCOPED_TRACE(m.str());
    const Tensors tensors = tensors_of(m[1], std::stoi(m[2]));
    ASSERT_TRUE(tensors.contains(m[3]));
    EXPECT_EQ(element(tensors.at(m[3]), std::stoll(m[4]), std::stoll(m[5])),
              std::stoull(m[6], nullptr, 16));
    ++rows[m[1]];
  }
  EXPECT_EQ(rows["gptq"], 15);
  EXPECT_EQ(rows["gptq_v2"], 4);
  EXPECT_EQ(rows["awq"], 4);
  EXPECT_EQ(rows["compressed-tensors"], 7);
  EXPECT_EQ(rows["mxfp4"], 4);
}

TEST(FormatsDocument, CanonicalBytes) {
  const std::string text = read_document();
  const std::regex row(R"(\| (\d) \| `((?:[0-9A-F]{2} ?)+)`[^|]*\|)");
  int rows = 0;
  for (std::sregex_iterator it(text.begin(), text.end(), row), end; it != end; ++it, ++rows) {
    const QuantizedWeight weight = example(std::stoi((*it)[1]));
    std::stringstream bytes((*it)[2]);
    std::size_t at = 0;
    for (unsigned byte; bytes >> std::hex >> byte; ++at) {
      EXPECT_EQ(weight.codes[at], byte) << it->str() << " byte " << at;
    }
    EXPECT_GE(at, 8U);
  }
  EXPECT_EQ(rows, 4);
}

TEST(FormatsDocument, ReadBackTheExampleMeansWhatItSays) {
  for (const int bits : {2, 3, 4, 8}) {
    const QuantizedWeight weight = example(bits);
    for (std::int64_t i = 0; i < k; ++i) {
      for (std::int64_t j = 0; j < n; ++j) {
        const std::int64_t count = std::int64_t{1} << bits;
        EXPECT_EQ(weight.value(i, j), static_cast<double>((i + j) % count - j % count) * 0.5);
      }
    }
  }
}

TEST(FormatsDocument, AwqExampleIsRead) {
  const TemporaryFolder folder;
  write_checkpoint(folder.path(),
                   R"({"quant_method": "awq", "bits": 4, "group_size": -1, "zero_point": true,
                       "version": "gemm"})",
                   awq_example());
  const QuantizedWeight got = Checkpoint::open(folder.path()).load("L");
  const QuantizedWeight wanted = example(4);
  EXPECT_EQ(got.codes, wanted.codes);
  EXPECT_EQ(got.zeros, wanted.zeros);
  EXPECT_EQ(got.scales, wanted.scales);
}

TEST(FormatsDocument, Mxfp4ExampleIsRead) {
  const TemporaryFolder folder;
  write_checkpoint(folder.path(),
                   R"({"quant_method": "compressed-tensors", "format": "mxfp4-pack-quantized",
                       "config_groups": {"group_0": {"targets": ["Linear"],
                         "input_activations": null, "weights": {"num_bits": 4, "type": "float",
                         "symmetric": true, "strategy": "group", "group_size": 32}}}})",
                   mxfp4_example());
  const QuantizedWeight got = Checkpoint::open(folder.path()).load("L");
  constexpr double e2m1[] = {0, 0.5, 1, 1.5, 2, 3, 4, 6, 0, -0.5, -1, -1.5, -2, -3, -4, -6};
  for (std::int64_t i = 0; i < k; ++i) {
    for (std::int64_t j = 0; j < n; ++j) EXPECT_EQ(got.value(i, j), e2m1[(i + j) % 16] * 0.5);
  }
}

TEST(FormatsDocument, SafetensorsFile) {
  const std::string text = read_document();
  const std::size_t begin = text.find("```hex\n") + 7;
  std::stringstream lines(text.substr(begin, text.find("```", begin) - begin));
  std::vector<std::byte> file;
  for (std::string line; std::getline(lines, line);) {
    std::stringstream fields(line);
    unsigned value = 0;
    fields >> std::hex >> value;
    ASSERT_EQ(value, file.size());
    while (fields >> std::hex >> value) file.push_back(static_cast<std::byte>(value));
  }
  ASSERT_EQ(file.size(), 68U);
  const auto opened = checkpoint::File::from_memory(file, "the document");
  const auto header = checkpoint::read_safetensors_header(opened, "test");
  ASSERT_EQ(header.tensors.size(), 1U);
  EXPECT_EQ(header.tensors[0].name, "a");
  const HostTensor a = checkpoint::read_tensor(opened, header.tensors[0], "test");
  EXPECT_EQ(a.dtype, DType::f16);
  EXPECT_EQ(load_element(a.bytes.data(), DType::f16, 0), 1);
  EXPECT_EQ(load_element(a.bytes.data(), DType::f16, 1), -2);
}

}  // namespace
}  // namespace halfbyte::test
