// Opening and writing 4-bit checkpoints in the layout of Hugging Face: a folder with config.json
// and safetensors, one file or shards with an index.
//
// Reads GPTQ (v1, v2), AWQ (gemm), compressed-tensors (pack-quantized, mxfp4-pack-quantized) and
// plain 16-bit models. A file is validated as a whole before any tensor of it is used; nothing is
// allocated that the bytes present do not justify. Byte layouts: docs/formats.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "halfbyte/tensor.h"
#include "halfbyte/weight.h"

namespace halfbyte {

// A tensor read from a checkpoint.
struct HostTensor {
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;
  std::vector<std::byte> bytes;  // row major, little endian
  TensorView view() const;       // rank <= TensorView::max_rank
};

struct TensorInfo {
  std::string name;
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;
  std::uint64_t bytes = 0;
  std::string file;  // relative to the checkpoint's folder
};

struct LayerInfo {
  std::string name;  // tensor prefix, e.g. "model.layers.0.mlp.down_proj"
  std::int64_t k = 0;
  std::int64_t n = 0;
  int bits = 4;
  std::int64_t group_size = 0;  // resolved: k where the checkpoint says -1
  bool act_order = false;       // has a g_idx other than i / group_size
  bool has_bias = false;
};

struct OpenOptions {
  // "gptq", "gptq_v2", "awq", "compressed-tensors", "mxfp4", "dense"; empty: by the config.
  // Settles a zero convention that the tensors and the config disagree about.
  std::string format;
};

class Checkpoint {
 public:
  // Errors: E_IO, E_PATH, E_FORMAT, E_TRUNCATED, E_AMBIGUOUS, E_UNSUPPORTED, E_ARG (format name).
  static Checkpoint open(const std::filesystem::path& folder, const OpenOptions& options = {});

  const std::filesystem::path& folder() const;
  const std::string& format() const;               // one of OpenOptions::format's names
  const std::string& config_json() const;          // the text of config.json
  const std::vector<LayerInfo>& layers() const;    // quantised linears, in the order of their names
  const std::vector<TensorInfo>& tensors() const;  // every tensor, in the order of their names

  // Throws E_ARG naming the nearest layer when there is none of this name.
  const LayerInfo& layer(std::string_view name) const;
  // Reads one layer. Needs its size twice while it runs.
  QuantizedWeight load(std::string_view layer) const;
  std::optional<HostTensor> bias(std::string_view layer) const;
  // Reads any tensor as it is stored.
  HostTensor tensor(std::string_view name) const;
  bool has_tensor(std::string_view name) const;

 private:
  struct Impl;
  explicit Checkpoint(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

}  // namespace halfbyte
