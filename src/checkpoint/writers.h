// What writes a canonical weight as the tensors of a checkpoint format. One row per format.
//
//   const CheckpointWriter& writer = find_writer("gptq", "quantize");
//   SafetensorsWriter file(path, specs_of_all_layers, "quantize");
//   for (NamedTensor& t : writer.to_tensors("model.layers.0.mlp.up_proj", weight)) file.write(...);
//   config["quantization_config"] = writer.config({.bits = 4, .group_size = 128});
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/safetensors.h"
#include "halfbyte/weight.h"

namespace halfbyte::checkpoint {

// What all layers of the checkpoint have in common.
struct WriterConfig {
  int bits = 4;
  std::int64_t group_size = 128;  // -1: one group per column
  bool symmetric = true;
  bool act_order = false;                // some layer has a g_idx
  std::vector<std::string> ignore = {};  // linears left in 16 bits
};

struct CheckpointWriter {
  std::string_view
      name;  // the name of Checkpoint::format() and of QuantizeCheckpointOptions::format
  // The tensors of one layer, `layer` being their prefix. Errors: E_UNSUPPORTED (the format cannot
  // say what the weight says), and those of QuantizedWeight::check.
  std::vector<NamedTensor> (*to_tensors)(const std::string& layer, const QuantizedWeight& weight);
  // Their names, types and shapes alone. Reads k, n, bits, group_size, groups, scale_dtype,
  // zero_kind and whether g_idx is empty; codes, scales and zeros may be missing.
  std::vector<TensorSpec> (*specs)(const std::string& layer, const QuantizedWeight& weight);
  // The value of "quantization_config" in config.json.
  nlohmann::ordered_json (*config)(const WriterConfig& config);
};

std::span<const CheckpointWriter> checkpoint_writers();
// Error: E_ARG listing the names.
const CheckpointWriter& find_writer(std::string_view name, std::string_view function);

}  // namespace halfbyte::checkpoint
