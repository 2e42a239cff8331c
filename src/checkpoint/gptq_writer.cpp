// Writes GPTQ, version 1 and 2; gptq.cpp draws the tensors. g_idx is always written, since some
// readers insist on it.
#include "checkpoint/bits.h"
#include "checkpoint/writers.h"
#include "halfbyte/error.h"

namespace halfbyte::checkpoint {
namespace {

enum class Convention { v1, v2 };
constexpr std::string_view function = "write gptq";

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
  return {{layer + ".qweight", DType::i32, {words_for(w.k, w.bits), w.n}},
          {layer + ".qzeros", DType::i32, {w.groups, words_for(w.n, w.bits)}},
          {layer + ".scales", w.scale_dtype, {w.groups, w.n}},
          {layer + ".g_idx", DType::i32, {w.k}}};
}

HostTensor make(const TensorSpec& spec) {
  HostTensor tensor{.dtype = spec.dtype, .shape = spec.shape, .bytes = {}};
  std::size_t size = size_of(spec.dtype);
  for (const std::int64_t extent : spec.shape) size *= static_cast<std::size_t>(extent);
  tensor.bytes.resize(size);
  return tensor;
}

void fill_qweight(HostTensor& tensor, const QuantizedWeight& w) {
  const auto n = static_cast<std::size_t>(w.n);
  const auto run = static_cast<std::size_t>(w.code_bytes_per_column());
  for (std::size_t j = 0; j < n; ++j)
    for (std::size_t byte = 0; byte < run; ++byte)
      tensor.bytes[4 * (byte / 4 * n + j) + byte % 4] =
          static_cast<std::byte>(w.codes[j * run + byte]);
}

// The padding behind the last field stays zero.
void fill_qzeros(HostTensor& tensor, const QuantizedWeight& w, Convention convention) {
  const auto words = static_cast<std::size_t>(words_for(w.n, w.bits));
  const std::uint32_t mask = (1U << w.bits) - 1U;
  for (std::int64_t g = 0; g < w.groups; ++g) {
    std::vector<std::uint32_t> row(words), ones(words);
    for (std::int64_t j = 0; j < w.n; ++j) {
      std::uint32_t z = w.zero_kind == ZeroKind::symmetric
                            ? 1U << (w.bits - 1)
                            : w.zeros[static_cast<std::size_t>(g * w.n + j)];
      if (convention == Convention::v1 && w.bits == 3) z = (z - 1) & mask;
      set_field(row, j, w.bits, z);
      set_field(ones, j, w.bits, 1);
    }
    for (std::size_t i = 0; i < words; ++i) {
      std::uint32_t word = row[i];
      if (convention == Convention::v1 && w.bits != 3) {
        const auto used = static_cast<unsigned>(std::min<std::int64_t>(
            32, (w.n - static_cast<std::int64_t>(i) * (32 / w.bits)) * w.bits));
        word -= ones[i];  // a z of 0 borrows from the next field, as readers expect
        if (used < 32) word &= (1U << used) - 1U;
      }
      store_u32(tensor.bytes.data() + 4 * (static_cast<std::size_t>(g) * words + i), word);
    }
  }
}

template <Convention convention>
std::vector<NamedTensor> to_tensors(const std::string& layer, const QuantizedWeight& w) {
  w.check(function, layer);
  std::vector<NamedTensor> out;
  for (const TensorSpec& spec : specs(layer, w)) out.push_back({spec.name, make(spec)});
  fill_qweight(out[0].tensor, w);
  fill_qzeros(out[1].tensor, w, convention);
  out[2].tensor.bytes = w.scales;
  for (std::int64_t i = 0; i < w.k; ++i)
    store_u32(out[3].tensor.bytes.data() + 4 * i, static_cast<std::uint32_t>(w.group_of(i)));
  return out;
}

template <Convention convention>
nlohmann::ordered_json config(const WriterConfig& c) {
  const char* format = convention == Convention::v1 ? "gptq" : "gptq_v2";
  return {{"quant_method", "gptq"},
          {"bits", c.bits},
          {"group_size", c.group_size},
          {"desc_act", c.act_order},
          {"sym", c.symmetric},
          {"checkpoint_format", format},
          {"pack_dtype", "int32"},
          {"modules_in_block_to_quantize", nullptr},
          {"meta", {{"quantizer", {"halfbyte"}}}}};
}

}  // namespace

extern const CheckpointWriter gptq_writer;
extern const CheckpointWriter gptq_v2_writer;

const CheckpointWriter gptq_writer = {"gptq", to_tensors<Convention::v1>, specs,
                                      config<Convention::v1>};
const CheckpointWriter gptq_v2_writer = {"gptq_v2", to_tensors<Convention::v2>, specs,
                                         config<Convention::v2>};

}  // namespace halfbyte::checkpoint
