// GPTQ, version 1 and 2. The tensors of a layer with k inputs, n outputs and groups of G rows:
//
//   qweight  i32 (ceil(k b / 32), n)            codes of a column, a dense stream down the words
//   qzeros   i32 (ceil(k / G), ceil(n b / 32))  zeros of a group, a dense stream along the words;
//                                               version 1 stores z - 1, version 2 stores z
//   scales   f16 (ceil(k / G), n)
//   g_idx    i32 (k,)                           the group of each row; may be absent
//   bias     (n,)                               may be absent
//
// For 2, 4 and 8 bits version 1 subtracts from whole words, so a z of 0 borrows from the next
// field; for 3 bits it subtracts field by field.
#include <algorithm>
#include <utility>

#include "checkpoint/bits.h"
#include "checkpoint/checked.h"
#include "checkpoint/importers.h"
#include "halfbyte/error.h"

namespace halfbyte::checkpoint {
namespace {

enum class Convention { v1, v2 };

std::string dialect_of(const ConfigObject& config) {
  if (config.boolean({"is_marlin_format"}).value_or(false)) return "marlin";
  return config.text({"checkpoint_format", "format"}).value_or("gptq");
}

// GPTQModel's "dynamic": patterns of module names with values of their own. "-:" leaves modules in
// 16 bits, which their tensors show anyway.
void refuse_overrides(const ConfigObject& config) {
  const auto dynamic = config.object({"dynamic"});
  if (!dynamic) return;
  for (const auto& [pattern, values] : dynamic->raw().items()) {
    if (pattern.starts_with("-:") || !values.is_object()) continue;
    for (const char* key : {"bits", "group_size", "sym", "desc_act"}) {
      const auto it = values.find(key);
      if (it == values.end()) continue;
      const auto base = config.raw().find(key);
      if (base == config.raw().end() || *base != *it)
        dynamic->refuse(ErrorCode::unsupported, pattern,
                        std::string(key) + " = " + escaped(it->dump()), "the same for all layers");
    }
  }
}

QuantConfig read_config(const ConfigObject& config) {
  QuantConfig result;
  result.bits = config.bits({"bits"});
  result.group_size = config.group_size({"group_size"});
  result.symmetric = config.boolean({"sym"});
  result.act_order = config.boolean({"desc_act"}).value_or(false);
  const std::string packed = config.text({"pack_dtype"}).value_or("int32");
  if (packed != "int32")
    config.refuse(ErrorCode::unsupported, "pack_dtype", "\"" + escaped(packed) + "\"", "\"int32\"");
  refuse_overrides(config);
  return result;
}

struct Tensors {
  const TensorEntry& qweight;
  const TensorEntry& qzeros;
  const TensorEntry& scales;
};

Tensors get_tensors(const LayerTensors& layer) {
  return {layer.get("qweight", {DType::i32}, 2), layer.get("qzeros", {DType::i32}, 2),
          layer.get("scales", {DType::f16, DType::bf16, DType::f32}, 2)};
}

// The zeros of `rows` groups, z itself, from the words of qzeros.
std::vector<std::uint8_t> decode_zeros(std::span<const std::byte> raw, std::int64_t rows,
                                       std::int64_t n, int bits, Convention convention) {
  const std::uint32_t ones = bits == 2 ? 0x55555555U : bits == 4 ? 0x11111111U : 0x01010101U;
  const auto words = static_cast<std::size_t>(words_for(n, bits));
  const std::uint32_t mask = (1U << bits) - 1U;
  std::vector<std::uint32_t> row(words);
  std::vector<std::uint8_t> zeros(static_cast<std::size_t>(rows * n));
  auto out = zeros.begin();
  for (std::int64_t g = 0; g < rows; ++g) {
    for (std::size_t i = 0; i < words; ++i) {
      row[i] = load_u32(raw.data() + 4 * (static_cast<std::size_t>(g) * words + i));
      if (convention == Convention::v1 && bits != 3) row[i] += ones;
    }
    for (std::int64_t j = 0; j < n; ++j) {
      std::uint32_t z = get_field(row, j, bits);
      if (convention == Convention::v1 && bits == 3) z = (z + 1) & mask;
      *out++ = static_cast<std::uint8_t>(z);
    }
  }
  return zeros;
}

// A symmetric layer has one zero everywhere, and its value shows the convention: a detector that
// the config must not contradict. Some writers store version 2 zeros and say version 1.
void check_convention(const LayerTensors& layer, const TensorEntry& qzeros,
                      const QuantConfig& config, std::span<const std::uint8_t> zeros,
                      Convention convention) {
  if (config.convention_given || zeros.empty()) return;
  const int middle = 1 << (config.bits - 1);
  const int other = convention == Convention::v1 ? middle + 1 : middle - 1;
  const auto all = [&](int value) {
    return std::all_of(zeros.begin(), zeros.end(), [&](std::uint8_t z) { return z == value; });
  };
  // Without "sym", a word or more of 4-bit fields is enough to exclude chance.
  const bool looks_other =
      all(other) && (config.symmetric.value_or(false) || (config.bits >= 4 && zeros.size() >= 8));
  const bool symmetric_but_not = config.symmetric.value_or(false) && !all(middle);
  if (!looks_other && !symmetric_but_not) return;
  const auto odd = std::find_if(zeros.begin(), zeros.end(), [&](int z) { return z != middle; });
  layer.refuse(ErrorCode::ambiguous, qzeros,
               "zero point " + std::to_string(*odd) + " at index " +
                   std::to_string(odd - zeros.begin()) + " when read as " +
                   (convention == Convention::v1 ? "gptq" : "gptq_v2"),
               std::to_string(middle) +
                   (looks_other ? ", which it is when read as " +
                                      std::string(convention == Convention::v1 ? "gptq_v2" : "gptq")
                                : ", as the config says sym"),
               "name the format that is right: gptq or gptq_v2");
}

template <Convention convention>
LayerInfo describe(const TensorStore& store, const QuantConfig& config, const std::string& name,
                   std::string_view function) {
  const LayerTensors layer(store, name, function);
  const auto [qweight, qzeros, scales] = get_tensors(layer);
  const std::int64_t rows = qweight.shape[0], n = qweight.shape[1];
  layer.want_extent(qweight, "n", n);
  layer.want_extent(qweight, "rows", rows);
  // Before g_idx, since it shows wrong bits for what they are whatever k is.
  layer.want_shape(qzeros, {qzeros.shape[0], words_for(n, config.bits)});
  std::int64_t k = rows * 32 / config.bits;
  if (layer.find("g_idx")) {
    const TensorEntry& g_idx = layer.get("g_idx", {DType::i32}, 1);
    k = g_idx.shape[0];
    layer.want_extent(g_idx, "k", k);
    if (words_for(k, config.bits) != rows)
      layer.refuse(ErrorCode::range, g_idx, std::to_string(k) + " elements",
                   "a length whose codes fill the " + std::to_string(rows) + " rows of qweight");
  } else if (config.act_order && group_count(k, resolve_group_size(config.group_size, k)) > 1) {
    layer.get("g_idx", {DType::i32}, 1);  // refuses: desc_act without g_idx says nothing
  }
  const std::int64_t group = resolve_group_size(config.group_size, k);
  const std::int64_t groups = group_count(k, group);
  layer.want_shape(scales, {groups, n});
  layer.want_shape(qzeros, {groups, words_for(n, config.bits)});

  LayerInfo info{.name = name, .k = k, .n = n, .bits = config.bits, .group_size = group};
  info.has_bias = layer.check_bias(n);
  info.act_order = !layer.g_idx("g_idx", k, group, groups).empty();

  constexpr std::uint64_t enough = 65536;
  const auto row_bytes = static_cast<std::uint64_t>(4 * qzeros.shape[1]);
  const std::uint64_t sample = std::min<std::uint64_t>(
      static_cast<std::uint64_t>(groups), std::max<std::uint64_t>(1, enough / row_bytes));
  const auto raw = store.read_start(qzeros, sample * row_bytes, function);
  check_convention(layer, qzeros, config,
                   decode_zeros(raw, static_cast<std::int64_t>(sample), n, config.bits, convention),
                   convention);
  return info;
}

// Word r of column j holds the codes of rows 32r/b ..., so a column's words, low byte first, are
// its dense stream.
std::vector<std::uint8_t> columns_of(std::span<const std::byte> qweight, const LayerInfo& info) {
  const auto n = static_cast<std::size_t>(info.n);
  const auto run = static_cast<std::size_t>((info.k * info.bits + 7) / 8);
  std::vector<std::uint8_t> codes(n * run);
  // Blocks of columns, so that a cache line of words is used up while it is there.
  constexpr std::size_t block = 64;
  for (std::size_t first = 0; first < n; first += block) {
    const std::size_t last = std::min(n, first + block);
    for (std::size_t byte = 0; byte < run; byte += 4) {
      const std::size_t width = std::min<std::size_t>(4, run - byte);
      for (std::size_t j = first; j < last; ++j)
        std::memcpy(&codes[j * run + byte], &qweight[4 * (byte / 4 * n + j)], width);
    }
  }
  for (std::size_t j = 0; j < n; ++j)
    clear_padding(std::span(codes).subspan(j * run, run), info.k * info.bits);
  return codes;
}

template <Convention convention>
QuantizedWeight load(const TensorStore& store, const QuantConfig& config, const LayerInfo& info,
                     std::string_view function) {
  const LayerTensors layer(store, info.name, function);
  const auto [qweight, qzeros, scales] = get_tensors(layer);
  QuantizedWeight weight;
  weight.k = info.k;
  weight.n = info.n;
  weight.bits = info.bits;
  weight.group_size = info.group_size;
  weight.groups = group_count(info.k, info.group_size);
  weight.codes = columns_of(layer.bytes(qweight), info);
  weight.scale_dtype = scales.dtype;
  weight.scales = layer.bytes(scales);
  weight.g_idx = layer.g_idx("g_idx", info.k, info.group_size, weight.groups);

  weight.zeros = decode_zeros(layer.bytes(qzeros), weight.groups, info.n, info.bits, convention);
  check_convention(layer, qzeros, config, weight.zeros, convention);
  const int middle = 1 << (info.bits - 1);
  const bool symmetric = std::all_of(weight.zeros.begin(), weight.zeros.end(),
                                     [&](std::uint8_t z) { return z == middle; });
  weight.zero_kind = symmetric ? ZeroKind::symmetric : ZeroKind::integer;
  if (symmetric) weight.zeros = {};
  return weight;
}

}  // namespace

const Importer gptq_importer = {
    .name = "gptq",
    .method = "gptq",
    .dialect = "gptq",
    .marker = ".qweight",
    .dialect_of = dialect_of,
    .read_config = read_config,
    .describe = describe<Convention::v1>,
    .load = load<Convention::v1>,
};

const Importer gptq_v2_importer = {
    .name = "gptq_v2",
    .method = "gptq",
    .dialect = "gptq_v2",
    .marker = ".qweight",
    .dialect_of = dialect_of,
    .read_config = read_config,
    .describe = describe<Convention::v2>,
    .load = load<Convention::v2>,
};

}  // namespace halfbyte::checkpoint
