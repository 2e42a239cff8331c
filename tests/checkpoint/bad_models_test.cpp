// Checkpoints whose config and tensors do not fit each other, or that need what is not supported:
// one typed error each, and the good one beside them still opens.
#include "checkpoint/random_layer.h"
#include "checkpoint/support.h"
#include "checkpoint/writers.h"

namespace halfbyte {
namespace {

using nlohmann::json;
using test::expect_error;
using test::LayerShape;
using test::random_layer;
using test::TemporaryFolder;
using test::tensor_of;
using test::Tensors;

struct ModelOnDisk {
  json config;
  Tensors tensors;
  std::string loose_text;  // instead of config, when not empty
  json& quantization() { return config["quantization_config"]; }
  void write(const std::filesystem::path& folder) const {
    test::write_model(folder, loose_text.empty() ? config.dump() : loose_text, tensors);
  }
};

ModelOnDisk make_model(const char* format, const LayerShape& shape) {
  const auto& writer = checkpoint::find_writer(format, "test");
  ModelOnDisk model;
  model.config["quantization_config"] = json::parse(writer
                                                        .config({.bits = shape.bits,
                                                                 .group_size = shape.group,
                                                                 .symmetric = shape.symmetric,
                                                                 .act_order = shape.act_order})
                                                        .dump());
  for (const auto& t : writer.to_tensors("m.q_proj", random_layer(shape, 11)))
    model.tensors.emplace(t.name, t.tensor);
  model.tensors.emplace("m.q_proj.bias",
                        HostTensor{DType::bf16, {shape.n}, std::vector<std::byte>(2 * shape.n)});
  model.tensors.emplace("m.norm.weight", tensor_of<float>(DType::f32, {2}, {1, 2}));
  return model;
}

ModelOnDisk gptq() { return make_model("gptq", {64, 16, 4, 32, false, true}); }
ModelOnDisk compressed() { return make_model("compressed-tensors", {64, 16, 4, 32, false, true}); }

HostTensor i32(std::vector<std::int64_t> shape) {
  std::int64_t n = 1;
  for (const std::int64_t extent : shape) n *= extent;
  return tensor_of(DType::i32, shape, std::vector<std::int32_t>(static_cast<std::size_t>(n)));
}

void set_i32(HostTensor& tensor, std::size_t at, std::int32_t value) {
  std::memcpy(tensor.bytes.data() + 4 * at, &value, 4);
}

struct Case {
  const char* what;
  ErrorCode code;
  std::function<void(ModelOnDisk&)> damage;
};

void run(const std::function<ModelOnDisk()>& make, const std::vector<Case>& cases) {
  const TemporaryFolder root;
  make().write(root / "good");
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    ModelOnDisk bad = make();
    c.damage(bad);
    std::filesystem::remove_all(root / "bad");
    bad.write(root / "bad");
    const Error error = expect_error(c.code, [&] { Checkpoint::open(root / "bad"); });
    EXPECT_EQ(error.detail().function, "Checkpoint::open");
    EXPECT_FALSE(error.detail().path.empty());
    const Checkpoint good = Checkpoint::open(root / "good");
    EXPECT_EQ(good.load("m.q_proj").n, 16);
  }
}

TEST(BadModels, GptqConfig) {
  const auto set = [](const char* key, json value) {
    return [=](ModelOnDisk& m) { m.quantization()[key] = value; };
  };
  run(gptq,
      {
          {"no bits", ErrorCode::format, [](auto& m) { m.quantization().erase("bits"); }},
          {"no group_size", ErrorCode::format,
           [](auto& m) { m.quantization().erase("group_size"); }},
          {"bits as text", ErrorCode::format, set("bits", "4")},
          {"bits as float", ErrorCode::format, set("bits", 4.0)},
          {"5 bits", ErrorCode::unsupported, set("bits", 5)},
          {"0 bits", ErrorCode::unsupported, set("bits", 0)},
          {"other bits than the tensors", ErrorCode::format, set("bits", 8)},
          {"group 12", ErrorCode::range, set("group_size", 12)},
          {"group 0", ErrorCode::range, set("group_size", 0)},
          {"group -2", ErrorCode::range, set("group_size", -2)},
          {"group 2^62", ErrorCode::range, set("group_size", std::int64_t{1} << 62)},
          {"group above 2^63", ErrorCode::format, set("group_size", UINT64_MAX)},
          {"other group than the tensors", ErrorCode::format, set("group_size", 16)},
          {"sym as number", ErrorCode::format, set("sym", 1)},
          {"marlin", ErrorCode::unsupported, set("checkpoint_format", "marlin")},
          {"is_marlin_format", ErrorCode::unsupported, set("is_marlin_format", true)},
          {"two formats", ErrorCode::ambiguous, set("format", "gptq_v2")},
          {"another method", ErrorCode::unsupported, set("quant_method", "bitsandbytes")},
          {"no method", ErrorCode::unsupported,
           [](auto& m) { m.quantization().erase("quant_method"); }},
          {"pack_dtype", ErrorCode::unsupported, set("pack_dtype", "int16")},
          {"an override", ErrorCode::unsupported, set("dynamic", {{"+:.*down.*", {{"bits", 8}}}})},
          {"a list", ErrorCode::format, [](auto& m) { m.quantization() = json::array(); }},
          {"sym that is not", ErrorCode::ambiguous, set("sym", true)},
          {"no config", ErrorCode::format, [](auto& m) { m.config = json::object(); }},
          {"no JSON", ErrorCode::format, [](auto& m) { m.loose_text = "{"; }},
          {"no object", ErrorCode::format, [](auto& m) { m.loose_text = "[]"; }},
          {"a key twice", ErrorCode::format,
           [](auto& m) { m.loose_text = R"({"a":{"b":1,"b":2}})"; }},
          {"a pointer", ErrorCode::format,
           [](auto& m) { m.loose_text = "version https://git-lfs.github.com/spec/v1\n"; }},
      });
}

TEST(BadModels, OverridesThatChangeNothingAreFine) {
  const TemporaryFolder root;
  ModelOnDisk model = gptq();
  model.quantization()["dynamic"] = {{"-:.*lm_head.*", json::object()},
                                     {"+:.*q_proj.*", {{"bits", 4}, {"mse", 0.1}}}};
  model.write(root.path());
  EXPECT_EQ(Checkpoint::open(root.path()).layers().size(), 1U);
}

TEST(BadModels, GptqTensors) {
  const std::string l = "m.q_proj.";
  const auto drop = [=](const char* part) {
    return [=](ModelOnDisk& m) { m.tensors.erase(l + part); };
  };
  const auto put = [=](const char* part, HostTensor tensor) {
    return [=](ModelOnDisk& m) { m.tensors[l + part] = tensor; };
  };
  run(gptq, {
                {"no qweight at all", ErrorCode::format, drop("qweight")},
                {"no qzeros", ErrorCode::format, drop("qzeros")},
                {"no scales", ErrorCode::format, drop("scales")},
                {"desc_act without g_idx", ErrorCode::format, drop("g_idx")},
                {"qweight f32", ErrorCode::format,
                 put("qweight", tensor_of<float>(DType::f32, {8, 16}, std::vector<float>(128)))},
                {"qweight of rank 1", ErrorCode::format, put("qweight", i32({128}))},
                {"qweight of rank 3", ErrorCode::format, put("qweight", i32({8, 16, 1}))},
                {"qweight without columns", ErrorCode::format, put("qweight", i32({8, 0}))},
                {"qweight without rows", ErrorCode::format, put("qweight", i32({0, 16}))},
                {"qweight too short for g_idx", ErrorCode::range, put("qweight", i32({7, 16}))},
                {"qzeros too narrow", ErrorCode::format, put("qzeros", i32({2, 1}))},
                {"qzeros with a group too many", ErrorCode::format, put("qzeros", i32({3, 2}))},
                {"scales of integers", ErrorCode::format, put("scales", i32({2, 16}))},
                {"scales too narrow", ErrorCode::format,
                 put("scales", HostTensor{DType::f16, {2, 15}, std::vector<std::byte>(60)})},
                {"scales transposed", ErrorCode::format,
                 put("scales", HostTensor{DType::f16, {16, 2}, std::vector<std::byte>(64)})},
                {"g_idx too short", ErrorCode::range, put("g_idx", i32({56}))},
                {"g_idx too long", ErrorCode::range, put("g_idx", i32({65}))},
                {"g_idx empty", ErrorCode::format, put("g_idx", i32({0}))},
                {"g_idx of i64", ErrorCode::format,
                 put("g_idx", tensor_of(DType::i64, {64}, std::vector<std::int64_t>(64)))},
                {"g_idx negative", ErrorCode::range,
                 [=](auto& m) { set_i32(m.tensors[l + "g_idx"], 17, -1); }},
                {"g_idx beyond the groups", ErrorCode::range,
                 [=](auto& m) { set_i32(m.tensors[l + "g_idx"], 17, 2); }},
                {"bias too long", ErrorCode::format,
                 put("bias", HostTensor{DType::f16, {17}, std::vector<std::byte>(34)})},
                {"bias of integers", ErrorCode::format, put("bias", i32({16}))},
            });
}

TEST(BadModels, AnErrorAboutAnElementNamesItsIndex) {
  const TemporaryFolder root;
  ModelOnDisk model = gptq();
  set_i32(model.tensors["m.q_proj.g_idx"], 17, 99);
  model.write(root.path());
  const Error error = expect_error(ErrorCode::range, [&] { Checkpoint::open(root.path()); });
  EXPECT_EQ(error.detail().argument, "tensor \"m.q_proj.g_idx\"");
  EXPECT_EQ(error.detail().got, "99 at index 17");
  EXPECT_EQ(error.detail().wanted, "0 ... 1");
  EXPECT_TRUE(error.detail().offset);
}

TEST(BadModels, CompressedTensors) {
  const auto weights = [](const char* key, json value) {
    return [=](ModelOnDisk& m) {
      m.quantization()["config_groups"]["group_0"]["weights"][key] = value;
    };
  };
  const auto top = [](const char* key, json value) {
    return [=](ModelOnDisk& m) { m.quantization()[key] = value; };
  };
  const std::string l = "m.q_proj.";
  const auto put = [=](const char* part, HostTensor tensor) {
    return [=](ModelOnDisk& m) { m.tensors[l + part] = tensor; };
  };
  run(compressed,
      {
          {"no format", ErrorCode::unsupported, [](auto& m) { m.quantization().erase("format"); }},
          {"another format", ErrorCode::unsupported, top("format", "nvfp4-pack-quantized")},
          {"no groups", ErrorCode::format, top("config_groups", json::object())},
          {"a group that is null", ErrorCode::format,
           [](auto& m) { m.quantization()["config_groups"]["group_0"] = nullptr; }},
          {"groups that differ", ErrorCode::unsupported,
           [](auto& m) {
             json& groups = m.quantization()["config_groups"];
             groups["group_1"] = groups["group_0"];
             groups["group_1"]["weights"]["num_bits"] = 8;
           }},
          {"activations", ErrorCode::unsupported,
           [](auto& m) {
             m.quantization()["config_groups"]["group_0"]["input_activations"] = {{"num_bits", 8}};
           }},
          {"sparse", ErrorCode::unsupported,
           top("sparsity_config", {{"format", "sparse-24-bitmask"}})},
          {"rotations", ErrorCode::unsupported, top("transform_config", {{"R1", 1}})},
          {"6 bits", ErrorCode::unsupported, weights("num_bits", 6)},
          {"8 bits, tensors of 4", ErrorCode::format, weights("num_bits", 8)},
          {"float", ErrorCode::unsupported, weights("type", "float")},
          {"strategy block", ErrorCode::unsupported, weights("strategy", "block")},
          {"strategy channel", ErrorCode::format, weights("strategy", "channel")},
          {"group 20", ErrorCode::range, weights("group_size", 20)},
          {"actorder unknown", ErrorCode::unsupported, weights("actorder", "random")},
          {"dynamic", ErrorCode::unsupported, weights("dynamic", true)},
          {"symmetric with zero points", ErrorCode::ambiguous, weights("symmetric", true)},
          {"no zero points", ErrorCode::format,
           [=](auto& m) { m.tensors.erase(l + "weight_zero_point"); }},
          {"no shape", ErrorCode::format, [=](auto& m) { m.tensors.erase(l + "weight_shape"); }},
          {"no g_idx", ErrorCode::format, [=](auto& m) { m.tensors.erase(l + "weight_g_idx"); }},
          {"negative shape", ErrorCode::format,
           put("weight_shape", tensor_of<std::int64_t>(DType::i64, {2}, {16, -64}))},
          {"huge shape", ErrorCode::format,
           put("weight_shape", tensor_of<std::int64_t>(DType::i64, {2}, {16, INT64_MAX}))},
          {"shape that is not the tensors'", ErrorCode::format,
           put("weight_shape", tensor_of<std::int64_t>(DType::i64, {2}, {16, 72}))},
          {"shape of one", ErrorCode::format,
           put("weight_shape", tensor_of<std::int64_t>(DType::i64, {1}, {16}))},
          {"scale (n, 1)", ErrorCode::format,
           put("weight_scale", HostTensor{DType::f16, {16, 1}, std::vector<std::byte>(32)})},
          {"zero point transposed", ErrorCode::format, put("weight_zero_point", i32({1, 4}))},
          {"packed too wide", ErrorCode::format, put("weight_packed", i32({16, 9}))},
      });
}

TEST(BadModels, Awq) {
  const auto make = [] {
    ModelOnDisk m;
    m.quantization() = {{"quant_method", "awq"},
                        {"bits", 4},
                        {"group_size", 32},
                        {"zero_point", true},
                        {"version", "gemm"}};
    m.tensors = {{"m.q_proj.qweight", i32({64, 2})},
                 {"m.q_proj.qzeros", i32({2, 2})},
                 {"m.q_proj.scales", HostTensor{DType::f16, {2, 16}, std::vector<std::byte>(64)}}};
    return m;
  };
  const auto set = [](const char* key, json value) {
    return [=](ModelOnDisk& m) { m.quantization()[key] = value; };
  };
  run(make, {
                {"gemv", ErrorCode::unsupported, set("version", "GEMV")},
                {"gemv_fast", ErrorCode::unsupported, set("version", "gemv_fast")},
                {"marlin", ErrorCode::unsupported, set("version", "marlin")},
                {"8 bits", ErrorCode::unsupported, set("bits", 8)},
                {"two bits", ErrorCode::ambiguous, set("w_bit", 8)},
                {"group 12", ErrorCode::range, set("group_size", 12)},
                {"other group", ErrorCode::format, set("group_size", 64)},
                {"no zero point, yet zeros", ErrorCode::ambiguous, set("zero_point", false)},
                {"rows", ErrorCode::format,
                 [](auto& m) { m.tensors["m.q_proj.qweight"] = i32({100, 2}); }},
                {"no rows", ErrorCode::format,
                 [](auto& m) { m.tensors["m.q_proj.qweight"] = i32({0, 2}); }},
            });
}

}  // namespace
}  // namespace halfbyte
