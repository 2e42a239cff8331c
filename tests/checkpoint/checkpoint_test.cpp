// Checkpoint as its users see it.
#include "halfbyte/checkpoint.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checkpoint/random_layer.h"
#include "checkpoint/support.h"
#include "checkpoint/writers.h"

namespace halfbyte {
namespace {

using test::expect_error;
using test::random_layer;
using test::TemporaryFolder;
using test::tensor_of;
using test::Tensors;
namespace fs = std::filesystem;

Tensors gptq_tensors(const std::string& layer, const QuantizedWeight& w, const char* format) {
  Tensors tensors;
  for (const auto& t : checkpoint::find_writer(format, "test").to_tensors(layer, w))
    tensors.emplace(t.name, t.tensor);
  return tensors;
}

std::string gptq_config(const std::string& more, int bits = 4) {
  return "{\"quantization_config\":{\"quant_method\":\"gptq\",\"bits\":" + std::to_string(bits) +
         ",\"group_size\":32" + more + "}}";
}

TEST(Checkpoint, ListsLayersAndTensorsAndReadsThem) {
  const TemporaryFolder root;
  const QuantizedWeight a = random_layer({64, 16, 4, 32, false, false}, 1);
  const QuantizedWeight b = random_layer({96, 8, 4, 32, false, true}, 2);
  Tensors tensors = gptq_tensors("model.layers.1.mlp.up_proj", a, "gptq");
  tensors.merge(gptq_tensors("model.layers.0.mlp.down_proj", b, "gptq"));
  tensors.emplace("model.layers.0.mlp.down_proj.bias",
                  tensor_of<float>(DType::f32, {8}, {1, 2, 3, 4, 5, 6, 7, 8}));
  tensors.emplace("model.norm.weight", tensor_of<float>(DType::f32, {2}, {1, 2}));
  test::write_model(root.path(), gptq_config(",\"sym\":false,\"desc_act\":false"), tensors);

  const Checkpoint model = Checkpoint::open(root.path());
  EXPECT_EQ(model.format(), "gptq");
  EXPECT_EQ(model.folder(), root.path());
  EXPECT_NE(model.config_json().find("quantization_config"), std::string::npos);
  ASSERT_EQ(model.layers().size(), 2U);
  EXPECT_EQ(model.layers()[0].name, "model.layers.0.mlp.down_proj");
  EXPECT_TRUE(model.layers()[0].act_order);
  EXPECT_TRUE(model.layers()[0].has_bias);
  EXPECT_FALSE(model.layers()[1].act_order);
  EXPECT_EQ(model.tensors().size(), tensors.size());
  EXPECT_EQ(model.tensors()[0].file, "model.safetensors");
  test::expect_same(model.load("model.layers.1.mlp.up_proj"), a);
  test::expect_same(model.load("model.layers.0.mlp.down_proj"), b);
  EXPECT_FALSE(model.bias("model.layers.1.mlp.up_proj"));
  EXPECT_EQ(model.bias("model.layers.0.mlp.down_proj")->bytes.size(), 32U);
  EXPECT_TRUE(model.has_tensor("model.norm.weight"));
  EXPECT_FALSE(model.has_tensor("model.norm"));
  const HostTensor norm = model.tensor("model.norm.weight");
  EXPECT_EQ(norm.view().rank, 1);
  EXPECT_EQ(norm.view().shape[0], 2);

  const Error error =
      expect_error(ErrorCode::arg, [&] { model.load("model.layers.1.mlp.upproj"); });
  EXPECT_NE(error.detail().advice.find("model.layers.1.mlp.up_proj"), std::string::npos);
  expect_error(ErrorCode::arg, [&] { model.bias("x"); });
  expect_error(ErrorCode::arg, [&] { model.layer(std::string(100'000, 'x')); });
  expect_error(ErrorCode::arg, [&] { model.tensor("nothing"); });
  EXPECT_EQ(model.load("model.layers.1.mlp.up_proj").n, 16);
}

TEST(Checkpoint, ADenseModelHasNoLayers) {
  const TemporaryFolder root;
  test::write_model(root.path(), R"({"model_type":"llama"})",
                    {{"a.weight", tensor_of<float>(DType::f32, {1, 2}, {1, 2})}});
  const Checkpoint model = Checkpoint::open(root.path());
  EXPECT_EQ(model.format(), "dense");
  EXPECT_TRUE(model.layers().empty());
  expect_error(ErrorCode::arg, [&] { model.load("a"); });
  EXPECT_EQ(model.tensor("a.weight").bytes.size(), 8U);
  expect_error(ErrorCode::arg, [&] { Checkpoint::open(root.path(), {.format = "gptq"}); });
}

TEST(Checkpoint, FoldersThatAreNone) {
  const TemporaryFolder root;
  expect_error(ErrorCode::io, [&] { Checkpoint::open(root / "missing"); });
  test::write_bytes(root / "file", "x");
  expect_error(ErrorCode::io, [&] { Checkpoint::open(root / "file"); });
  expect_error(ErrorCode::io, [&] { Checkpoint::open(root.path()); });  // empty
  test::write_bytes(root / "config.json", "{}");
  expect_error(ErrorCode::io, [&] { Checkpoint::open(root.path()); });  // no tensors
  test::write_bytes(root / "pytorch_model.bin", "PK\x03\x04");
  expect_error(ErrorCode::io, [&] { Checkpoint::open(root.path()); });
  test::write_bytes(root / "model.safetensors",
                    "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n");
  const Error error = expect_error(ErrorCode::format, [&] { Checkpoint::open(root.path()); });
  EXPECT_NE(std::string(error.what()).find("Git LFS"), std::string::npos);
  fs::remove(root / "config.json");
  fs::create_symlink("/etc/hostname", root / "config.json");
  expect_error(ErrorCode::path, [&] { Checkpoint::open(root.path()); });
}

TEST(Checkpoint, AnUnknownFormatNameListsTheNames) {
  const TemporaryFolder root;
  test::write_model(root.path(), "{}", {});
  const Error error =
      expect_error(ErrorCode::arg, [&] { Checkpoint::open(root.path(), {.format = "gguf"}); });
  for (const char* name : {"gptq", "gptq_v2", "awq", "compressed-tensors", "mxfp4", "dense"})
    EXPECT_NE(error.detail().wanted.find(name), std::string::npos) << name;
}

TEST(Checkpoint, ConfigsBesideConfigJson) {
  const TemporaryFolder root;
  const QuantizedWeight w = random_layer({64, 16, 4, 32, false, false}, 1);
  test::write_model(root.path(), "{}", gptq_tensors("l", w, "gptq_v2"));
  expect_error(ErrorCode::format, [&] { Checkpoint::open(root.path()); });
  test::write_bytes(root / "quantize_config.json",
                    R"({"bits":4,"group_size":32,"checkpoint_format":"gptq_v2"})");
  test::expect_same(Checkpoint::open(root.path()).load("l"), w);
  fs::remove(root / "config.json");
  test::expect_same(Checkpoint::open(root.path()).load("l"), w);
  // Two configs must not contradict each other, but a caller who names the format decides.
  test::write_bytes(root / "config.json", gptq_config(",\"checkpoint_format\":\"gptq\""));
  expect_error(ErrorCode::ambiguous, [&] { Checkpoint::open(root.path()); });
  test::expect_same(Checkpoint::open(root.path(), {.format = "gptq_v2"}).load("l"), w);
  test::write_bytes(root / "config.json",
                    R"({"quantization_config":{"quant_method":"gptq","bits":8,"group_size":32,
                        "checkpoint_format":"gptq_v2"}})");
  expect_error(ErrorCode::ambiguous, [&] { Checkpoint::open(root.path()); });
}

// The zeros show what the writer did; the config says what it thinks it did.
TEST(Checkpoint, AZeroConventionThatContradictsTheConfigIsAmbiguous) {
  for (const int bits : {2, 3, 4, 8})
    for (const bool stored_v1 : {true, false}) {
      const TemporaryFolder root;
      const QuantizedWeight w = random_layer({64, 16, bits, 32, true, false}, 1);
      const char* stored = stored_v1 ? "gptq" : "gptq_v2";
      const char* claimed = stored_v1 ? "gptq_v2" : "gptq";
      const Tensors tensors = gptq_tensors("l", w, stored);
      const auto write = [&](const char* format, const std::string& more) {
        test::write_model(
            root.path(),
            gptq_config(",\"checkpoint_format\":\"" + std::string(format) + "\"" + more, bits),
            tensors);
      };
      write(stored, ",\"sym\":true");
      test::expect_same(Checkpoint::open(root.path()).load("l"), w);
      write(claimed, ",\"sym\":true");
      const Error error =
          expect_error(ErrorCode::ambiguous, [&] { Checkpoint::open(root.path()); });
      EXPECT_EQ(error.detail().argument, "tensor \"l.qzeros\"");
      EXPECT_NE(error.detail().wanted.find(stored), std::string::npos);
      // The caller's word settles it, either way.
      test::expect_same(Checkpoint::open(root.path(), {.format = stored}).load("l"), w);
      const QuantizedWeight other = Checkpoint::open(root.path(), {.format = claimed}).load("l");
      EXPECT_EQ(other.zero_kind, ZeroKind::integer);
      EXPECT_EQ(other.zeros[0], (1 << (bits - 1)) + (stored_v1 ? -1 : 1));
      // A config that is silent about symmetry: 16 columns and 2 groups of 4 bits cannot be chance.
      write(claimed, "");
      if (bits >= 4) expect_error(ErrorCode::ambiguous, [&] { Checkpoint::open(root.path()); });
    }
}

TEST(Checkpoint, EveryZeroPointIsExactInBothVersions) {
  for (const int bits : {2, 3, 4, 8})
    for (const char* format : {"gptq", "gptq_v2"})
      for (int z = 0; z < 1 << bits; z += bits == 8 ? 15 : 1) {
        QuantizedWeight w = random_layer({64, 24, bits, 32, false, false}, 1);
        for (std::size_t i = 0; i < w.zeros.size(); i += 2)
          w.zeros[i] = static_cast<std::uint8_t>(z);
        const TemporaryFolder root;
        test::write_model(
            root.path(),
            gptq_config(",\"sym\":false,\"checkpoint_format\":\"" + std::string(format) + "\"",
                        bits),
            gptq_tensors("l", w, format));
        test::expect_same(Checkpoint::open(root.path()).load("l"), w);
      }
}

TEST(Checkpoint, ScalesOfEveryTypeAndValue) {
  for (const DType dtype : {DType::f16, DType::bf16, DType::f32}) {
    QuantizedWeight w = random_layer({64, 16, 4, 32, false, false}, 1);
    w.scale_dtype = dtype;
    w.scales.assign(32 * size_of(dtype), std::byte{0xff});  // NaN everywhere is legal
    const TemporaryFolder root;
    test::write_model(root.path(), gptq_config(",\"sym\":false"), gptq_tensors("l", w, "gptq"));
    test::expect_same(Checkpoint::open(root.path()).load("l"), w);
  }
}

TEST(Checkpoint, AFileThatShrinksAfterOpeningIsTruncated) {
  const TemporaryFolder root;
  const QuantizedWeight w = random_layer({64, 16, 4, 32, false, false}, 1);
  test::write_model(root.path(), gptq_config(",\"sym\":false"), gptq_tensors("l", w, "gptq"));
  const Checkpoint model = Checkpoint::open(root.path());
  fs::resize_file(root / "model.safetensors", 600);
  expect_error(ErrorCode::truncated, [&] { model.load("l"); });
}

// Reserving the 4 TiB that the header claims would end in bad_alloc, not in the typed error.
TEST(Checkpoint, NothingIsAllocatedThatTheBytesDoNotJustify) {
  const TemporaryFolder root;
  test::write_bytes(root / "config.json", gptq_config(""));
  test::write_bytes(
      root / "model.safetensors",
      test::safetensors_bytes(R"({"l.qweight":{"dtype":"I32","shape":[1048576,1048576],)"
                              R"("data_offsets":[0,4398046511104]}})",
                              ""));
  expect_error(ErrorCode::truncated, [&] { Checkpoint::open(root.path()); });
}

// A child with little address space left reads a tensor that is larger than that.
TEST(Checkpoint, TooLittleMemoryIsATypedError) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "AddressSanitizer needs the address space";
#endif
  const TemporaryFolder root;
  const std::uint64_t size = std::uint64_t{1} << 30;
  test::write_bytes(root / "config.json", "{}");
  test::write_bytes(root / "model.safetensors",
                    test::safetensors_bytes(R"({"a":{"dtype":"U8","shape":[1073741824],)"
                                            R"("data_offsets":[0,1073741824]}})",
                                            ""));
  fs::resize_file(root / "model.safetensors",
                  fs::file_size(root / "model.safetensors") + size);  // sparse
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const rlimit limit{size, size};
    ::setrlimit(RLIMIT_AS, &limit);
    try {
      Checkpoint::open(root.path()).tensor("a");
    } catch (const Error& error) {
      ::_exit(error.code() == ErrorCode::oom ? 0 : 2);
    }
    ::_exit(1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace halfbyte
