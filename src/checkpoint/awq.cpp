// AWQ in its "gemm" version. The tensors of a layer with k inputs, n outputs and groups of G rows:
//
//   qweight  i32 (k, n / 8)            8 columns of a row in a word, in the order below
//   qzeros   i32 (ceil(k / G), n / 8)  the same order; z itself
//   scales   f16 (ceil(k / G), n)
//   bias     (n,)                      may be absent
//
// Field i of word c, lowest bits first, is column 8c + order[i].
#include <algorithm>
#include <array>
#include <cctype>

#include "checkpoint/bits.h"
#include "checkpoint/importers.h"
#include "halfbyte/error.h"

namespace halfbyte::checkpoint {
namespace {

constexpr std::array<std::size_t, 8> order = {0, 2, 4, 6, 1, 3, 5, 7};

// Old files hold "GEMM".
std::string dialect_of(const ConfigObject& config) {
  std::string version = config.text({"version"}).value_or("gemm");
  std::transform(version.begin(), version.end(), version.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return version;
}

QuantConfig read_config(const ConfigObject& config) {
  QuantConfig result;
  result.bits = config.bits({"bits", "w_bit"});
  if (result.bits != 4)
    config.refuse(ErrorCode::unsupported, "bits", std::to_string(result.bits), "4");
  result.group_size = config.group_size({"group_size", "q_group_size"});
  if (const auto zero_point = config.boolean({"zero_point"})) result.symmetric = !*zero_point;
  result.ignore = config.texts({"modules_to_not_convert"});
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

std::vector<std::uint8_t> decode_zeros(std::span<const std::byte> raw) {
  std::vector<std::uint8_t> zeros(2 * raw.size());
  for (std::size_t word = 0; word < raw.size() / 4; ++word)
    for (std::size_t field = 0; field < 8; ++field)
      zeros[8 * word + order[field]] =
          static_cast<std::uint8_t>(load_u32(raw.data() + 4 * word) >> (4 * field) & 15U);
  return zeros;
}

void check_convention(const LayerTensors& layer, const TensorEntry& qzeros,
                      const QuantConfig& config) {
  if (config.convention_given || !config.symmetric.value_or(false)) return;
  const std::vector<std::uint8_t> zeros = decode_zeros(layer.bytes(qzeros));
  const auto odd = std::find_if(zeros.begin(), zeros.end(), [](int z) { return z != 8; });
  if (odd == zeros.end()) return;
  layer.refuse(
      ErrorCode::ambiguous, qzeros,
      "zero point " + std::to_string(*odd) + " at index " + std::to_string(odd - zeros.begin()),
      "8, as the config says zero_point = false", "name the format that is right: awq");
}

LayerInfo describe(const TensorStore& store, const QuantConfig& config, const std::string& name,
                   std::string_view function) {
  const LayerTensors layer(store, name, function);
  const auto [qweight, qzeros, scales] = get_tensors(layer);
  const std::int64_t k = qweight.shape[0], words = qweight.shape[1];
  layer.want_extent(qweight, "k", k);
  layer.want_extent(qweight, "words", words);
  const std::int64_t n = 8 * words;
  const std::int64_t group = resolve_group_size(config.group_size, k);
  const std::int64_t groups = group_count(k, group);
  layer.want_shape(scales, {groups, n});
  layer.want_shape(qzeros, {groups, words});
  LayerInfo info{.name = name, .k = k, .n = n, .bits = config.bits, .group_size = group};
  info.has_bias = layer.check_bias(n);
  check_convention(layer, qzeros, config);
  return info;
}

QuantizedWeight load(const TensorStore& store, const QuantConfig&, const LayerInfo& info,
                     std::string_view function) {
  const LayerTensors layer(store, info.name, function);
  const auto [qweight, qzeros, scales] = get_tensors(layer);
  QuantizedWeight weight;
  weight.k = info.k;
  weight.n = info.n;
  weight.bits = info.bits;
  weight.group_size = info.group_size;
  weight.groups = group_count(info.k, info.group_size);
  weight.scale_dtype = scales.dtype;
  weight.scales = layer.bytes(scales);

  const auto k = static_cast<std::size_t>(info.k), words = static_cast<std::size_t>(info.n / 8);
  const std::size_t run = (k + 1) / 2;
  weight.codes.resize(static_cast<std::size_t>(info.n) * run);
  {
    const std::vector<std::byte> raw = layer.bytes(qweight);
    // A word column at a time: its 8 columns of codes stay in the cache while k runs.
    for (std::size_t c = 0; c < words; ++c) {
      for (std::size_t i = 0; i < k; ++i) {
        const std::uint32_t word = load_u32(raw.data() + 4 * (i * words + c));
        for (std::size_t field = 0; field < 8; ++field) {
          const std::uint32_t q = word >> (4 * field) & 15U;
          weight.codes[(8 * c + order[field]) * run + i / 2] |=
              static_cast<std::uint8_t>(q << (i % 2 * 4));
        }
      }
    }
  }
  weight.zeros = decode_zeros(layer.bytes(qzeros));
  const bool symmetric =
      std::all_of(weight.zeros.begin(), weight.zeros.end(), [](int z) { return z == 8; });
  weight.zero_kind = symmetric ? ZeroKind::symmetric : ZeroKind::integer;
  if (symmetric) weight.zeros = {};
  return weight;
}

}  // namespace

const Importer awq_importer = {
    .name = "awq",
    .method = "awq",
    .dialect = "gemm",
    .marker = ".qweight",
    .dialect_of = dialect_of,
    .read_config = read_config,
    .describe = describe,
    .load = load,
};

}  // namespace halfbyte::checkpoint
