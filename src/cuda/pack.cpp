// pack and unpack on a GPU.
#include <cmath>
#include <string>

#include "core/format/mxfp4.h"
#include "cuda/backend.h"
#include "cuda/slab16.h"
#include "cuda/w4a16/launch.h"
#include "halfbyte/error.h"
#include "halfbyte/numeric.h"
#include "ops/packed.h"

namespace halfbyte::cuda {
namespace {

DeviceMemory upload(const std::vector<std::byte>& bytes, Device device) {
  DeviceMemory memory(device, bytes.size());
  copy_memory(memory.data(), device, bytes.data(), {}, bytes.size());
  return memory;
}

// Largest |weight| of a weight with offsets: of the two ends of the codes' range in each group.
bool offsets_fit_f16(const QuantizedWeight& w) {
  constexpr float largest = 65504;
  for (std::int64_t g = 0; g < w.groups; ++g) {
    for (std::int64_t c = 0; c < w.n; ++c) {
      const float s = w.scale(g, c), o = w.offset(g, c);
      for (const float q : {0.0F, static_cast<float>((1 << w.bits) - 1)}) {
        const float value = w.zero_kind == ZeroKind::minimum ? q * s + o : (q - o) * s;
        if (std::fabs(value) > largest) return false;  // NaN and Inf scales stay what they are
      }
    }
  }
  return true;
}

bool any_infinite(const std::vector<std::byte>& numbers, DType dtype) {
  const auto count = static_cast<std::int64_t>(numbers.size() / size_of(dtype));
  for (std::int64_t i = 0; i < count; ++i) {
    if (std::isinf(load_element(numbers.data(), dtype, i))) return true;
  }
  return false;
}

std::uint64_t in_every_field(std::uint64_t value, int bits) {
  std::uint64_t all = 0;
  for (int bit = 0; bit < 64; bit += bits) all |= value << bit;
  return all;
}

}  // namespace

const Slab16& slab16_of(const PackedWeight& weight) {
  return *static_cast<const Slab16*>(weight.impl().form.get());
}

PackedWeight pack(const QuantizedWeight& weight, int index) {
  const Device device = device_info(index).device;
  w4a16::warm_up(index);
  const Positions at = place_rows(weight);
  auto form = std::make_shared<Slab16>();
  form->device = index;
  form->code_bits = weight.bits <= 4 ? 4 : 8;
  form->k_blocks = at.k_blocks;
  form->scale_rows = static_cast<std::int64_t>(at.group.size());
  form->scale_shift = at.scale_shift;
  form->source = at.source;
  form->scale_dtype = weight.scale_dtype == DType::e8m0 ? DType::bf16 : weight.scale_dtype;
  form->infinite_scale = any_infinite(weight.scales, weight.scale_dtype) ||
                         any_infinite(weight.offsets, weight.scale_dtype);
  form->is_e2m1 = weight.meaning == CodeMeaning::table && weight.table == core::e2m1_values;
  if (weight.meaning == CodeMeaning::affine) {
    form->same_zeros = in_every_field(std::uint64_t{1} << (weight.bits - 1), form->code_bits);
  }
  pack_codes(weight, *form);
  form->scales = upload(place_by_group(weight, weight.scales.data(), at), device);
  if (weight.zero_kind == ZeroKind::integer) {
    form->zeros = upload(place_zeros(weight, form->code_bits, at), device);
  } else if (weight.zero_kind != ZeroKind::symmetric) {
    form->offsets = upload(place_by_group(weight, weight.offsets.data(), at), device);
    form->fits_f16 = offsets_fit_f16(weight);
  }
  form->canonical = weight;
  form->canonical.codes = {};

  const std::size_t bytes = form->bytes();
  return packed_weight(weight, "cuda/slab16", device, bytes, std::move(form));
}

QuantizedWeight unpack(const PackedWeight& weight) {
  const Slab16& form = slab16_of(weight);
  QuantizedWeight w = form.canonical;
  unpack_codes(form, place_rows(w), w);
  return w;
}

}  // namespace halfbyte::cuda
