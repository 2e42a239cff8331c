// Codes of 8 and 4 bits and the largest value, the same bits as on the host (core/hadamard).
#pragma once

#include <cuda_fp8.h>
#include <cuda_runtime.h>

#include <cstdint>

#include "core/hadamard/butterfly.h"
#include "core/hadamard/quantize.h"

namespace halfbyte::cuda::hadamard {

// |v| by its bits: their order is that of the values, with NaN above all.
__device__ inline std::uint32_t magnitude_bits(float v) { return __float_as_uint(v) & 0x7FFFFFFFU; }

// Calls f.template operator()<kind>() for a kind of codes: one branch for all codes of a lane.
template <class F>
__device__ void with_kind(core::CodeKind kind, F f) {
  using core::CodeKind;
  if (kind == CodeKind::e4m3) return f.template operator()<CodeKind::e4m3>();
  if (kind == CodeKind::e5m2) return f.template operator()<CodeKind::e5m2>();
  if (kind == CodeKind::int8) return f.template operator()<CodeKind::int8>();
  f.template operator()<CodeKind::int4>();
}

// Four codes of 8 bits in a word.
template <core::CodeKind kind>
__device__ std::uint32_t four_codes(float a, float b, float c, float d) {
  using core::CodeKind;
  if constexpr (kind == CodeKind::int8) {
    const auto code = [](float v) {
      return static_cast<std::uint32_t>(core::integer_code(v, kind)) & 0xFFU;
    };
    return code(a) | code(b) << 8 | code(c) << 16 | code(d) << 24;
  } else {
#if __CUDA_ARCH__ >= 890
    constexpr __nv_fp8_interpretation_t format = kind == CodeKind::e4m3 ? __NV_E4M3 : __NV_E5M2;
    const std::uint32_t low = __nv_cvt_float2_to_fp8x2({a, b}, __NV_SATFINITE, format);
    const std::uint32_t high = __nv_cvt_float2_to_fp8x2({c, d}, __NV_SATFINITE, format);
    return low | high << 16;
#else
    const auto code = [](float v) { return static_cast<std::uint32_t>(core::fp8_code(v, kind)); };
    return code(a) | code(b) << 8 | code(c) << 16 | code(d) << 24;
#endif
  }
}

// The same for few codes. Not for 4-bit ones.
__device__ inline std::uint32_t four_codes(core::CodeKind kind, float a, float b, float c,
                                           float d) {
  if (kind == core::CodeKind::e4m3) return four_codes<core::CodeKind::e4m3>(a, b, c, d);
  if (kind == core::CodeKind::e5m2) return four_codes<core::CodeKind::e5m2>(a, b, c, d);
  return four_codes<core::CodeKind::int8>(a, b, c, d);
}

__device__ inline std::uint32_t nibble(float v) {
  return static_cast<std::uint32_t>(core::integer_code(v, core::CodeKind::int4)) & 0xFU;
}

// Raises *amax to the largest of a warp's bits. Integers: any order gives the same.
__device__ inline void raise_amax(float* amax, std::uint32_t bits, int lane) {
  bits = __reduce_max_sync(0xFFFFFFFFU, bits);
  if (lane == 0) atomicMax(reinterpret_cast<unsigned*>(amax), bits);
}

}  // namespace halfbyte::cuda::hadamard
