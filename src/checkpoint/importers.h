// One row per checkpoint format. Adding a format is one file and one line in importers.cpp.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/config.h"
#include "checkpoint/tensor_store.h"
#include "halfbyte/checkpoint.h"

namespace halfbyte::checkpoint {

struct Importer {
  std::string_view name;     // of Checkpoint::format()
  std::string_view method;   // "quant_method"; empty: a model that is not quantised
  std::string_view dialect;  // what dialect_of answers for it
  // The last part of the tensor's name that marks a layer, e.g. ".qweight".
  std::string_view marker;
  // Which of a method's formats a config names.
  std::string (*dialect_of)(const ConfigObject& config);
  QuantConfig (*read_config)(const ConfigObject& config);
  // Checks types and shapes of a layer's tensors, and its zero convention, against the config.
  LayerInfo (*describe)(const TensorStore& store, const QuantConfig& config,
                        const std::string& layer, std::string_view function);
  QuantizedWeight (*load)(const TensorStore& store, const QuantConfig& config,
                          const LayerInfo& layer, std::string_view function);
};

extern const Importer gptq_importer;
extern const Importer gptq_v2_importer;
extern const Importer awq_importer;
extern const Importer compressed_tensors_importer;
extern const Importer mxfp4_importer;
extern const Importer dense_importer;

std::span<const Importer* const> importers();

// The importer of a model. `format` is OpenOptions::format.
// Errors: E_ARG (no such format, or not of the config's method), E_UNSUPPORTED (a method or dialect
// that has no importer), E_AMBIGUOUS (two configs disagree).
const Importer& choose_importer(const ModelConfig& config, std::string_view format,
                                std::string_view function);

// A layer's tensors, checked.
class LayerTensors {
 public:
  LayerTensors(const TensorStore& store, std::string layer, std::string_view function)
      : store_(store), layer_(std::move(layer)), function_(function) {}

  const TensorEntry* find(std::string_view part) const;  // null when absent
  // Errors: E_FORMAT (absent, other type, other shape).
  const TensorEntry& get(std::string_view part, std::initializer_list<DType> dtypes,
                         std::size_t rank) const;
  void want_shape(const TensorEntry& entry, std::vector<std::int64_t> shape) const;
  std::vector<std::byte> bytes(const TensorEntry& entry) const;
  // E_FORMAT unless 1 <= extent <= 2^40.
  void want_extent(const TensorEntry& entry, std::string_view what, std::int64_t extent) const;
  // Reads `part` as a g_idx of k rows; empty if absent or the trivial i / group_size.
  // Errors: E_RANGE (length, a group outside [0, groups)).
  std::vector<std::int32_t> g_idx(std::string_view part, std::int64_t k, std::int64_t group_size,
                                  std::int64_t groups) const;
  // E_FORMAT unless "bias" is absent or (n,) of a float type. Answers whether it is there.
  bool check_bias(std::int64_t n) const;

  [[noreturn]] void refuse(ErrorCode code, const TensorEntry& entry, std::string got,
                           std::string wanted, std::string advice = {}) const;
  std::string_view function() const { return function_; }
  const std::string& layer() const { return layer_; }
  const TensorStore& store() const { return store_; }

 private:
  const TensorStore& store_;
  std::string layer_;
  std::string_view function_;
};

// -1 becomes k.
std::int64_t resolve_group_size(std::int64_t group_size, std::int64_t k);
// ceil(k / group_size)
std::int64_t group_count(std::int64_t k, std::int64_t group_size);

}  // namespace halfbyte::checkpoint
