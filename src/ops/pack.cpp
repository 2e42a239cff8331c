// pack, unpack, dequantize: by way of the backend's row.
#include <array>
#include <memory>
#include <utility>

#include "halfbyte/numeric.h"
#include "halfbyte/weight.h"
#include "ops/check.h"
#include "ops/kernel.h"
#include "ops/packed.h"

namespace halfbyte {

PackedWeight packed_weight(const QuantizedWeight& weight, std::string_view layout, Device device,
                           std::size_t bytes, std::shared_ptr<const void> form) {
  auto impl = std::make_shared<PackedWeight::Impl>();
  *impl = {.layout = layout,
           .device = device,
           .k = weight.k,
           .n = weight.n,
           .group_size = weight.group_size,
           .bits = weight.bits,
           .meaning = weight.meaning,
           .zero_kind = weight.zero_kind,
           .scale_dtype = weight.scale_dtype,
           .bytes = bytes,
           .form = std::move(form)};
  return PackedWeight(std::move(impl));
}

std::int64_t PackedWeight::k() const { return impl_->k; }
std::int64_t PackedWeight::n() const { return impl_->n; }
int PackedWeight::bits() const { return impl_->bits; }
std::int64_t PackedWeight::group_size() const { return impl_->group_size; }
Device PackedWeight::device() const { return impl_->device; }
std::string_view PackedWeight::layout() const { return impl_->layout; }
std::size_t PackedWeight::bytes() const { return impl_->bytes; }

PackedWeight pack(const QuantizedWeight& weight, Device device) {
  weight.check("pack", "weight");
  return backend_for(device.type, "pack").pack(weight, device.index);
}

QuantizedWeight unpack(const PackedWeight& weight) {
  if (weight.empty()) {
    ArgumentCheck{"unpack", "weight"}.fail(ErrorCode::handle, "an empty weight",
                                           "the result of pack()");
  }
  return backend_for(weight.device().type, "unpack").unpack(weight);
}

void dequantize(const QuantizedWeight& weight, const TensorView& out) {
  constexpr std::array types{DType::f16, DType::bf16, DType::f32, DType::f64};
  const ArgumentCheck is{"dequantize", "out"};
  weight.check("dequantize", "weight");
  is.rank(out, 2);
  is.dtype(out, types);
  is.extent(out, 0, "k", weight.k);
  is.extent(out, 1, "n", weight.n);
  is.device(out, {});
  is.distinct_elements(out);
  is.pointer(out);
  for (std::int64_t row = 0; row < weight.k; ++row) {
    for (std::int64_t column = 0; column < weight.n; ++column) {
      store_element(out.data, out.dtype, row * out.strides[0] + column * out.strides[1],
                    weight.value(row, column));
    }
  }
}

void dequantize(const PackedWeight& weight, const TensorView& out) {
  dequantize(unpack(weight), out);
}

}  // namespace halfbyte
