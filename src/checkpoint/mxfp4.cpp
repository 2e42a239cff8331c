// compressed-tensors, "mxfp4-pack-quantized". The tensors of a layer with k inputs and n outputs:
//
//   weight_packed  u8 (n, k / 2)          e2m1 codes along a row, low nibble first
//   weight_scale   u8 (n, ceil(k / 32))   e8m0
//   bias           (n,)                   may be absent
#include "core/format/mxfp4.h"
#include "checkpoint/bits.h"
#include "checkpoint/compressed_tensors_scheme.h"
#include "checkpoint/importers.h"
#include "checkpoint/transpose.h"
#include "halfbyte/error.h"

namespace halfbyte::checkpoint {
namespace {

QuantConfig read_config(const ConfigObject& config) {
  CompressedScheme scheme = read_compressed_scheme(config);
  const auto want = [&](bool ok, const char* key, const std::string& got, const char* wanted) {
    if (!ok) scheme.weights.refuse(ErrorCode::unsupported, key, got, wanted);
  };
  want(scheme.type == "float", "type", "\"" + escaped(scheme.type) + "\"", "\"float\"");
  want(scheme.num_bits == 4, "num_bits", std::to_string(scheme.num_bits), "4");
  want(scheme.config.group_size == core::mxfp4_group, "group_size",
       std::to_string(scheme.config.group_size), "32");
  want(*scheme.config.symmetric, "symmetric", "false", "true");
  want(!scheme.config.act_order, "actorder", "a g_idx", "null");
  scheme.config.bits = 4;
  return scheme.config;
}

struct Tensors {
  const TensorEntry& packed;
  const TensorEntry& scale;
};

Tensors get_tensors(const LayerTensors& layer) {
  return {layer.get("weight_packed", {DType::u8}, 2),
          layer.get("weight_scale", {DType::u8, DType::e8m0}, 2)};
}

LayerInfo describe(const TensorStore& store, const QuantConfig& config, const std::string& name,
                   std::string_view function) {
  const LayerTensors layer(store, name, function);
  const auto [packed, scale] = get_tensors(layer);
  const std::int64_t n = packed.shape[0];
  layer.want_extent(packed, "n", n);
  layer.want_extent(packed, "k / 2", packed.shape[1]);
  const std::int64_t k = 2 * packed.shape[1];
  layer.want_shape(scale, {n, group_count(k, config.group_size)});
  LayerInfo info{.name = name, .k = k, .n = n, .bits = 4, .group_size = config.group_size};
  info.has_bias = layer.check_bias(n);
  return info;
}

QuantizedWeight load(const TensorStore& store, const QuantConfig&, const LayerInfo& info,
                     std::string_view function) {
  const LayerTensors layer(store, info.name, function);
  const auto [packed, scale] = get_tensors(layer);
  QuantizedWeight weight;
  weight.k = info.k;
  weight.n = info.n;
  weight.bits = info.bits;
  weight.meaning = CodeMeaning::table;
  weight.table = core::e2m1_values;
  weight.group_size = info.group_size;
  weight.groups = group_count(info.k, info.group_size);
  {
    const std::vector<std::byte> raw = layer.bytes(packed);  // already the canonical stream
    weight.codes.resize(raw.size());
    std::memcpy(weight.codes.data(), raw.data(), raw.size());
  }
  weight.scale_dtype = DType::e8m0;
  weight.scales = transpose(layer.bytes(scale), info.n, weight.groups, 1);
  return weight;
}

}  // namespace

const Importer mxfp4_importer = {
    .name = "mxfp4",
    .method = "compressed-tensors",
    .dialect = "mxfp4-pack-quantized",
    .marker = ".weight_packed",
    .dialect_of = compressed_format,
    .read_config = read_config,
    .describe = describe,
    .load = load,
};

}  // namespace halfbyte::checkpoint
