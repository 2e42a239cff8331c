// A small 16-bit model on disk for the tests of quantize_checkpoint().
#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "checkpoint/safetensors.h"
#include "golden/temporary_checkpoint.h"
#include "halfbyte/numeric.h"
#include "quantize/random_weight.h"

namespace halfbyte::test {

inline checkpoint::NamedTensor dense_tensor(std::string name, DType dtype,
                                            std::vector<std::int64_t> shape, unsigned seed) {
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) count *= extent;
  const std::vector<float> values = normal_weight(1, count, seed);
  HostTensor tensor{.dtype = dtype, .shape = std::move(shape), .bytes = {}};
  tensor.bytes.resize(values.size() * size_of(dtype));
  for (std::size_t i = 0; i < values.size(); ++i) {
    store_element(tensor.bytes.data(), dtype, static_cast<std::int64_t>(i), values[i]);
  }
  return {std::move(name), std::move(tensor)};
}

// The linears that quantize_checkpoint() takes from dense_model(), in the order of their names.
inline std::vector<std::string> linears_of_dense_model() {
  return {"model.layers.0.mlp.down_proj", "model.layers.0.self_attn.q_proj",
          "model.layers.1.mlp.down_proj", "model.layers.1.self_attn.q_proj"};
}

inline std::vector<checkpoint::NamedTensor> dense_tensors() {
  std::vector<checkpoint::NamedTensor> tensors;
  unsigned seed = 1;
  const auto add = [&](std::string name, DType dtype, std::vector<std::int64_t> shape) {
    tensors.push_back(dense_tensor(std::move(name), dtype, std::move(shape), seed++));
  };
  add("model.embed_tokens.weight", DType::bf16, {64, 32});
  for (const std::string layer : {"model.layers.0.", "model.layers.1."}) {
    add(layer + "input_layernorm.weight", DType::bf16, {32});
    add(layer + "self_attn.q_proj.weight", DType::bf16, {32, 32});
    add(layer + "self_attn.q_proj.bias", DType::bf16, {32});
    add(layer + "mlp.down_proj.weight", DType::f16, {32, 72});
    add(layer + "mlp.router.weight", DType::f32, {12, 32});  // 12 is no multiple of 8
  }
  add("model.norm.weight", DType::bf16, {32});
  add("lm_head.weight", DType::bf16, {64, 32});
  return tensors;
}

constexpr const char* dense_config =
    "{\"architectures\": [\"LlamaForCausalLM\"], \"hidden_size\": 32, "
    "\"tie_word_embeddings\": false, \"rope_theta\": 10000.0}\n";

// In `shards` files; the second of two holds the tensors of layer 1.
inline void write_dense_model(const std::filesystem::path& folder, int shards) {
  std::filesystem::create_directories(folder);
  write_text(folder / "config.json", dense_config);
  write_text(folder / "tokenizer.json", "{\"version\": \"1.0\"}\n");
  if (shards == 1) {
    checkpoint::write_safetensors(folder / "model.safetensors", dense_tensors(), "test");
    return;
  }
  std::map<std::string, std::vector<checkpoint::NamedTensor>> files;
  std::map<std::string, std::string> weight_map;
  std::uint64_t total = 0;
  for (checkpoint::NamedTensor& tensor : dense_tensors()) {
    const bool second = tensor.name.find("layers.1") != std::string::npos;
    const std::string file =
        second ? "model-00002-of-00002.safetensors" : "model-00001-of-00002.safetensors";
    weight_map[tensor.name] = file;
    total += tensor.tensor.bytes.size();
    files[file].push_back(std::move(tensor));
  }
  for (const auto& [file, tensors] : files) {
    checkpoint::write_safetensors(folder / file, tensors, "test");
  }
  checkpoint::write_shard_index(folder / "model.safetensors.index.json", weight_map, total, "test");
}

inline std::string file_content(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Every file of a folder and its content.
inline std::map<std::string, std::string> folder_content(const std::filesystem::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    files[entry.path().filename().string()] = file_content(entry.path());
  }
  return files;
}

}  // namespace halfbyte::test
