// Making 4-bit weights out of 16-bit ones.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "halfbyte/tensor.h"
#include "halfbyte/weight.h"

namespace halfbyte {

struct QuantizeOptions {
  std::string method = "rtn";     // a row of the table in src/quantize/methods.h
  int bits = 4;                   // 2, 3, 4, 8
  std::int64_t group_size = 128;  // multiple of 8, or -1
  bool symmetric = true;
  bool search_clip = true;  // per group, the clipping that minimises the squared error
  DType scale_dtype = DType::f16;
};

// Quantises W given as (n, k), the order of torch.nn.Linear.weight, in f16, bf16 or f32.
// importance (k,) in f32, or empty: the second moment of each input feature. With it, rows are
// grouped in the order of falling importance (act-order) and g_idx says which row is in which
// group. Errors: E_DTYPE, E_SHAPE, E_RANGE (NaN or Inf in W, bits, group size), E_ARG (method).
QuantizedWeight quantize(const TensorView& weight_nk, const QuantizeOptions& options,
                         const std::vector<float>& importance = {});

struct QuantizeCheckpointOptions : QuantizeOptions {
  std::string format = "gptq";  // "gptq", "gptq_v2", "compressed-tensors"
  // A safetensors file with one f32 (k,) tensor per linear, named as the linear: gives act-order.
  std::filesystem::path importance;
  std::vector<std::string> skip = {"lm_head"};  // linears left as they are, by name or last part
  bool resume = false;  // go on with an interrupted run: finished shards are kept
};

struct QuantizeProgress {
  std::string layer;
  std::int64_t done = 0;  // linears finished
  std::int64_t total = 0;
  double relative_error = 0;  // |W - W'| / |W| of this linear
};

// Reads a dense checkpoint and writes a 4-bit one into `to`, shard by shard. A file appears under
// its name only when it is whole. Errors: those of Checkpoint::open and quantize, E_NOSPACE, E_PATH
// (`to` is `from`), E_RESUME_MISMATCH.
void quantize_checkpoint(const std::filesystem::path& from, const std::filesystem::path& to,
                         const QuantizeCheckpointOptions& options,
                         const std::function<void(const QuantizeProgress&)>& progress = {});

}  // namespace halfbyte
