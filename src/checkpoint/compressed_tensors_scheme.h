// The "config_groups" of a compressed-tensors config, for every format that lives in one.
#pragma once

#include <cstdint>
#include <string>

#include "checkpoint/config.h"

namespace halfbyte::checkpoint {

struct CompressedScheme {
  ConfigObject weights;  // of the groups, which all agree
  QuantConfig config;    // bits and group size are checked by the format
  std::string type;      // "int" or "float"
  std::int64_t num_bits = 0;
};

std::string compressed_format(const ConfigObject& config);

// Errors: E_FORMAT, E_UNSUPPORTED (groups that differ, quantised activations, sparsity, rotations,
// a strategy other than group and channel).
CompressedScheme read_compressed_scheme(const ConfigObject& config);

}  // namespace halfbyte::checkpoint
