// Reading one output feature of a strided (n, k) weight as f32 or f64.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

#include "halfbyte/numeric.h"
#include "halfbyte/tensor.h"

namespace halfbyte::quantize_detail {

// Calls use(i, value) for i = 0 ... k-1 with the weights of output feature j. Elements are copied
// out by memcpy: a tensor of a file may be unaligned.
template <class Use>
void for_each_in_row(const TensorView& weight_nk, std::int64_t j, Use&& use) {
  const auto size = static_cast<std::int64_t>(size_of(weight_nk.dtype));
  const auto* row = static_cast<const std::byte*>(weight_nk.data) + j * weight_nk.strides[0] * size;
  const std::int64_t step = weight_nk.strides[1] * size;
  const std::int64_t k = weight_nk.shape[1];
  if (weight_nk.dtype == DType::f32) {
    for (std::int64_t i = 0; i < k; ++i) {
      float value;
      std::memcpy(&value, row + i * step, sizeof value);
      use(i, value);
    }
    return;
  }
  const auto widen = weight_nk.dtype == DType::f16 ? f16_to_f32 : bf16_to_f32;
  for (std::int64_t i = 0; i < k; ++i) {
    std::uint16_t bits;
    std::memcpy(&bits, row + i * step, sizeof bits);
    use(i, widen(bits));
  }
}

}  // namespace halfbyte::quantize_detail
