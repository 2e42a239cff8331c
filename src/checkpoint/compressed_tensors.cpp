// compressed-tensors, "pack-quantized": integer codes of 2, 3, 4 or 8 bits. The tensors of a layer
// with k inputs, n outputs and groups of G rows:
//
//   weight_packed      i32 (n, ceil(k b / 32))            q + 2^(b-1), a dense stream along a row
//   weight_scale       f16, bf16 or f32 (n, ceil(k / G))
//   weight_zero_point  i32 (ceil(n b / 32), ceil(k / G))  z + 2^(b-1), a dense stream down a
//   column;
//                                                         only when not symmetric
//   weight_shape       i64 (2,)                           n, k
//   weight_g_idx       i32 (k,)                           the group of each row; only with actorder
//   bias               (n,)                               may be absent
//
// q and z are signed, so the same 2^(b-1) is on both and (q - z) needs no correction. Old files of
// 3 bits begin a new word for every 10 fields; the number of words tells.
#include <algorithm>
#include <utility>

#include "checkpoint/bits.h"
#include "checkpoint/compressed_tensors_scheme.h"
#include "checkpoint/importers.h"
#include "checkpoint/transpose.h"
#include "halfbyte/error.h"

namespace halfbyte::checkpoint {
namespace {

QuantConfig read_config(const ConfigObject& config) {
  CompressedScheme scheme = read_compressed_scheme(config);
  if (scheme.type != "int")
    scheme.weights.refuse(ErrorCode::unsupported, "type", "\"" + escaped(scheme.type) + "\"",
                          "\"int\"");
  scheme.config.bits = scheme.weights.bits({"num_bits"});
  return scheme.config;
}

struct Extents {
  std::int64_t n = 0;
  std::int64_t k = 0;
};

Extents read_shape(const LayerTensors& layer) {
  const TensorEntry& entry = layer.get("weight_shape", {DType::i64, DType::i32}, 1);
  layer.want_shape(entry, {2});
  const std::vector<std::byte> raw = layer.bytes(entry);
  const std::size_t size = size_of(entry.dtype);
  std::int64_t value[2] = {};
  for (std::size_t i = 0; i < 2; ++i) {
    std::uint64_t bits = load_u32(raw.data() + i * size);
    if (size == 8) bits |= std::uint64_t{load_u32(raw.data() + i * size + 4)} << 32;
    value[i] = size == 8 ? static_cast<std::int64_t>(bits) : static_cast<std::int32_t>(bits);
  }
  layer.want_extent(entry, "n", value[0]);
  layer.want_extent(entry, "k", value[1]);
  return {value[0], value[1]};
}

std::int64_t words_for_padded(std::int64_t fields, int bits) {
  const std::int64_t per_word = 32 / bits;
  return (fields + per_word - 1) / per_word;
}

std::uint32_t field_of(std::span<const std::uint32_t> words, std::int64_t i, int bits,
                       bool padded) {
  if (!padded) return get_field(words, i, bits);
  const std::int64_t per_word = 32 / bits;
  return words[static_cast<std::size_t>(i / per_word)] >> (i % per_word * bits) &
         ((1U << bits) - 1U);
}

struct Tensors {
  const TensorEntry& packed;
  const TensorEntry& scale;
  const TensorEntry* zero_point;
};

Tensors get_tensors(const LayerTensors& layer, const QuantConfig& config) {
  return {layer.get("weight_packed", {DType::i32}, 2),
          layer.get("weight_scale", {DType::f16, DType::bf16, DType::f32}, 2),
          *config.symmetric ? nullptr : &layer.get("weight_zero_point", {DType::i32}, 2)};
}

// Which stream a layer of 3 bits has. Small extents have as many words either way; then the other
// tensor tells, and where both are small it is the dense stream of today's writers.
bool is_padded(const Tensors& tensors, std::int64_t n, std::int64_t k, int bits) {
  const auto differ = [bits](std::int64_t fields) {
    return words_for(fields, bits) != words_for_padded(fields, bits);
  };
  if (differ(k)) return tensors.packed.shape[1] == words_for_padded(k, bits);
  if (!tensors.zero_point || !differ(n)) return false;
  return tensors.zero_point->shape[0] == words_for_padded(n, bits);
}

LayerInfo describe(const TensorStore& store, const QuantConfig& config, const std::string& name,
                   std::string_view function) {
  const LayerTensors layer(store, name, function);
  const Tensors tensors = get_tensors(layer, config);
  const auto [packed, scale, zero_point] = tensors;
  const auto [n, k] = read_shape(layer);
  const int bits = config.bits;
  const auto words = is_padded(tensors, n, k, bits) ? words_for_padded : words_for;
  layer.want_shape(packed, {n, words(k, bits)});
  const std::int64_t group = resolve_group_size(config.group_size, k);
  const std::int64_t groups = group_count(k, group);
  layer.want_shape(scale, {n, groups});
  if (zero_point) {
    layer.want_shape(*zero_point, {words(n, bits), groups});
  } else if (const TensorEntry* extra = layer.find("weight_zero_point")) {
    if (!config.convention_given)
      layer.refuse(ErrorCode::ambiguous, *extra, "a zero point",
                   "none, as the config says symmetric",
                   "name the format compressed-tensors to read the layer as symmetric");
  }
  if (config.act_order && groups > 1) layer.get("weight_g_idx", {DType::i32}, 1);
  LayerInfo info{.name = name, .k = k, .n = n, .bits = bits, .group_size = group};
  info.act_order = !layer.g_idx("weight_g_idx", k, group, groups).empty();
  info.has_bias = layer.check_bias(n);
  return info;
}

std::vector<std::uint32_t> to_words(std::span<const std::byte> raw) {
  std::vector<std::uint32_t> words(raw.size() / 4);
  for (std::size_t i = 0; i < words.size(); ++i) words[i] = load_u32(raw.data() + 4 * i);
  return words;
}

void load_codes(QuantizedWeight& weight, std::span<const std::byte> raw, bool padded) {
  const auto run = static_cast<std::size_t>(weight.code_bytes_per_column());
  const std::size_t row_bytes = raw.size() / static_cast<std::size_t>(weight.n);
  weight.codes.resize(static_cast<std::size_t>(weight.n) * run);
  for (std::int64_t j = 0; j < weight.n; ++j) {
    const auto row = raw.subspan(static_cast<std::size_t>(j) * row_bytes, row_bytes);
    const auto out = std::span(weight.codes).subspan(static_cast<std::size_t>(j) * run, run);
    if (padded) {
      const std::vector<std::uint32_t> words = to_words(row);
      for (std::int64_t i = 0; i < weight.k; ++i)
        weight.set_code(i, j, field_of(words, i, weight.bits, true));
    } else {
      std::memcpy(out.data(), row.data(), run);
      clear_padding(out, weight.k * weight.bits);
    }
  }
}

void load_zeros(QuantizedWeight& weight, const LayerTensors& layer, const TensorEntry& entry,
                bool padded) {
  const std::int64_t rows = entry.shape[0];
  const std::vector<std::byte> raw = layer.bytes(entry);
  weight.zero_kind = ZeroKind::integer;
  weight.zeros.resize(static_cast<std::size_t>(weight.groups * weight.n));
  std::vector<std::uint32_t> column(static_cast<std::size_t>(rows));
  for (std::int64_t g = 0; g < weight.groups; ++g) {
    for (std::int64_t r = 0; r < rows; ++r)
      column[static_cast<std::size_t>(r)] =
          load_u32(raw.data() + 4 * static_cast<std::size_t>(r * weight.groups + g));
    for (std::int64_t j = 0; j < weight.n; ++j)
      weight.zeros[static_cast<std::size_t>(g * weight.n + j)] =
          static_cast<std::uint8_t>(field_of(column, j, weight.bits, padded));
  }
}

QuantizedWeight load(const TensorStore& store, const QuantConfig& config, const LayerInfo& info,
                     std::string_view function) {
  const LayerTensors layer(store, info.name, function);
  const Tensors tensors = get_tensors(layer, config);
  const auto [packed, scale, zero_point] = tensors;
  const bool padded = is_padded(tensors, info.n, info.k, info.bits);
  QuantizedWeight weight;
  weight.k = info.k;
  weight.n = info.n;
  weight.bits = info.bits;
  weight.group_size = info.group_size;
  weight.groups = group_count(info.k, info.group_size);
  load_codes(weight, layer.bytes(packed), padded);
  weight.scale_dtype = scale.dtype;
  weight.scales = transpose(layer.bytes(scale), info.n, weight.groups, size_of(scale.dtype));
  weight.g_idx = layer.g_idx("weight_g_idx", info.k, info.group_size, weight.groups);
  if (zero_point) load_zeros(weight, layer, *zero_point, padded);
  return weight;
}

}  // namespace

const Importer compressed_tensors_importer = {
    .name = "compressed-tensors",
    .method = "compressed-tensors",
    .dialect = "pack-quantized",
    .marker = ".weight_packed",
    .dialect_of = compressed_format,
    .read_config = read_config,
    .describe = describe,
    .load = load,
};

}  // namespace halfbyte::checkpoint
