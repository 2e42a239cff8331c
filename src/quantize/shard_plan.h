// What quantize_checkpoint() will do, decided from headers alone: which tensor of which shard is
// quantised, what each output file will hold, and how large it will be.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "checkpoint/safetensors.h"
#include "checkpoint/writers.h"
#include "halfbyte/checkpoint.h"
#include "halfbyte/quantize.h"

namespace halfbyte::quantize_detail {

struct ShardPlan {
  std::string source;                           // file name in the source folder
  std::string target;                           // file name in the output folder
  std::vector<std::string> linears;             // names without ".weight", in the order of names
  std::vector<std::string> copied;              // tensors that stay as they are
  std::vector<checkpoint::TensorSpec> outputs;  // every tensor of the output file
  std::uint64_t bytes = 0;                      // of these tensors
};

struct CheckpointPlan {
  std::vector<ShardPlan> shards;
  std::vector<std::string> ignored;  // linears left in 16 bits
  std::int64_t linears = 0;
  std::uint64_t bytes = 0;
};

// A linear is a 2-D "<name>.weight" that is no embedding and not the output layer of a model that
// shares it with the embedding. It is left alone if `skip` names it or its extents are no multiples
// of 8.
CheckpointPlan plan_checkpoint(const Checkpoint& source, const QuantizeCheckpointOptions& options,
                               const checkpoint::CheckpointWriter& writer);

}  // namespace halfbyte::quantize_detail
