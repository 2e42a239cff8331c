// What a group of 16 columns holds beside its codes.
#pragma once

#include <cstdint>

#include "cpu/n16.h"

namespace halfbyte::cpu::simd {

// Scales and zeros of (block, group), widened.
template <class V>
inline void load_group(const N16& w, std::int64_t block, std::int64_t group,
                       typename V::Float* scale, typename V::Float* zero) {
  const std::int64_t index = w.group_index(block, group);
  for (int v = 0; v < V::vectors; ++v) {
    const std::int64_t at = index + v * V::lanes;
    switch (w.scale_dtype) {
      case DType::f16:
        scale[v] = V::load_f16(w.scales.data() + 2 * at);
        break;
      case DType::bf16:
        scale[v] = V::load_bf16(w.scales.data() + 2 * at);
        break;
      default:
        scale[v] = V::load(reinterpret_cast<const float*>(w.scales.data()) + at);
    }
    switch (w.zero_kind) {
      case ZeroKind::symmetric:
        zero[v] = V::set(w.implied_zero);
        break;
      case ZeroKind::integer:
        zero[v] = V::load_u8(w.zeros.data() + at);
        break;
      default:
        switch (w.scale_dtype) {
          case DType::f16:
            zero[v] = V::load_f16(w.offsets.data() + 2 * at);
            break;
          case DType::bf16:
            zero[v] = V::load_bf16(w.offsets.data() + 2 * at);
            break;
          default:
            zero[v] = V::load(reinterpret_cast<const float*>(w.offsets.data()) + at);
        }
    }
  }
}

}  // namespace halfbyte::cpu::simd
