// A checkpoint that has been checked: config, tensors and layers that agree with each other. Put
// together from parts that need not be files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/config.h"
#include "checkpoint/importers.h"
#include "checkpoint/tensor_store.h"
#include "halfbyte/checkpoint.h"

namespace halfbyte::checkpoint {

struct Model {
  std::string config_text;
  const Importer* importer = nullptr;
  QuantConfig config;
  TensorStore store;
  std::vector<LayerInfo> layers;    // in the order of their names
  std::vector<TensorInfo> tensors;  // in the order of their names
};

// Errors: E_ARG (format), E_UNSUPPORTED, E_FORMAT, E_RANGE, E_AMBIGUOUS.
Model assemble_model(ModelConfig config, TensorStore store, const OpenOptions& options,
                     std::string_view function);

QuantizedWeight load_layer(const Model& model, const LayerInfo& layer, std::string_view function);

}  // namespace halfbyte::checkpoint
