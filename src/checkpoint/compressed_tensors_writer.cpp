// Writes compressed-tensors, "pack-quantized"; compressed_tensors.cpp draws the tensors.
#include <cstring>

#include "checkpoint/bits.h"
#include "checkpoint/transpose.h"
#include "checkpoint/writers.h"
#include "halfbyte/error.h"

namespace halfbyte::checkpoint {
namespace {

constexpr std::string_view function = "write compressed-tensors";

void require_expressible(const QuantizedWeight& w) {
  const auto refuse = [](const char* part, std::string got, std::string wanted) {
    throw Error(ErrorCode::unsupported, {.function = std::string(function),
                                         .argument = std::string("weight.") + part,
                                         .got = std::move(got),
                                         .wanted = std::move(wanted),
                                         .advice = "choose a format that can hold it"});
  };
  if (w.meaning != CodeMeaning::affine) refuse("meaning", "a table of values", "integer codes");
  if (w.zero_kind != ZeroKind::symmetric && w.zero_kind != ZeroKind::integer)
    refuse("zero_kind", "real zeros or minima", "symmetric or integer zeros");
  if (w.scale_dtype == DType::e8m0) refuse("scale_dtype", "e8m0", "f16, bf16 or f32");
}

std::vector<TensorSpec> specs(const std::string& layer, const QuantizedWeight& w) {
  require_expressible(w);
  std::vector<TensorSpec> list = {
      {layer + ".weight_packed", DType::i32, {w.n, words_for(w.k, w.bits)}},
      {layer + ".weight_scale", w.scale_dtype, {w.n, w.groups}},
      {layer + ".weight_shape", DType::i64, {2}}};
  if (w.zero_kind == ZeroKind::integer)
    list.push_back({layer + ".weight_zero_point", DType::i32, {words_for(w.n, w.bits), w.groups}});
  if (!w.g_idx.empty()) list.push_back({layer + ".weight_g_idx", DType::i32, {w.k}});
  return list;
}

std::vector<std::byte> packed_codes(const QuantizedWeight& w) {
  const auto run = static_cast<std::size_t>(w.code_bytes_per_column());
  const std::size_t row = 4 * static_cast<std::size_t>(words_for(w.k, w.bits));
  std::vector<std::byte> bytes(static_cast<std::size_t>(w.n) * row);
  for (std::size_t j = 0; j < static_cast<std::size_t>(w.n); ++j)
    if (run > 0) std::memcpy(&bytes[j * row], &w.codes[j * run], run);
  return bytes;
}

std::vector<std::byte> packed_zeros(const QuantizedWeight& w) {
  const auto words = static_cast<std::size_t>(words_for(w.n, w.bits));
  std::vector<std::byte> bytes(4 * words * static_cast<std::size_t>(w.groups));
  for (std::int64_t g = 0; g < w.groups; ++g) {
    std::vector<std::uint32_t> column(words);
    for (std::int64_t j = 0; j < w.n; ++j)
      set_field(column, j, w.bits, w.zeros[static_cast<std::size_t>(g * w.n + j)]);
    for (std::size_t i = 0; i < words; ++i)
      store_u32(&bytes[4 * (i * static_cast<std::size_t>(w.groups) + static_cast<std::size_t>(g))],
                column[i]);
  }
  return bytes;
}

std::vector<std::byte> shape_bytes(const QuantizedWeight& w) {
  std::vector<std::byte> bytes(16);
  const std::uint64_t values[] = {static_cast<std::uint64_t>(w.n), static_cast<std::uint64_t>(w.k)};
  for (std::size_t i = 0; i < 16; ++i)
    bytes[i] = static_cast<std::byte>(values[i / 8] >> (8 * (i % 8)));
  return bytes;
}

std::vector<std::byte> g_idx_bytes(const QuantizedWeight& w) {
  std::vector<std::byte> bytes(4 * w.g_idx.size());
  for (std::size_t i = 0; i < w.g_idx.size(); ++i)
    store_u32(&bytes[4 * i], static_cast<std::uint32_t>(w.g_idx[i]));
  return bytes;
}

std::vector<NamedTensor> to_tensors(const std::string& layer, const QuantizedWeight& w) {
  w.check(function, layer);
  std::vector<NamedTensor> out;
  for (const TensorSpec& spec : specs(layer, w))
    out.push_back({spec.name, {.dtype = spec.dtype, .shape = spec.shape, .bytes = {}}});
  out[0].tensor.bytes = packed_codes(w);
  out[1].tensor.bytes = transpose(w.scales, w.groups, w.n, size_of(w.scale_dtype));
  out[2].tensor.bytes = shape_bytes(w);
  std::size_t next = 3;
  if (w.zero_kind == ZeroKind::integer) out[next++].tensor.bytes = packed_zeros(w);
  if (!w.g_idx.empty()) out[next].tensor.bytes = g_idx_bytes(w);
  return out;
}

nlohmann::ordered_json config(const WriterConfig& c) {
  nlohmann::ordered_json weights = {
      {"num_bits", c.bits},       {"type", "int"},
      {"symmetric", c.symmetric}, {"strategy", c.group_size == -1 ? "channel" : "group"},
      {"group_size", nullptr},    {"actorder", nullptr},
      {"dynamic", false}};
  if (c.group_size != -1) weights["group_size"] = c.group_size;
  if (c.act_order) weights["actorder"] = "group";
  return {{"quant_method", "compressed-tensors"},
          {"format", "pack-quantized"},
          {"quantization_status", "compressed"},
          {"config_groups",
           {{"group_0",
             {{"targets", {"Linear"}},
              {"weights", weights},
              {"input_activations", nullptr},
              {"output_activations", nullptr}}}}},
          {"ignore", c.ignore}};
}

}  // namespace

extern const CheckpointWriter compressed_tensors_writer;
const CheckpointWriter compressed_tensors_writer = {"compressed-tensors", to_tensors, specs,
                                                    config};

}  // namespace halfbyte::checkpoint
