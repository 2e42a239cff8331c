#pragma once

#include <cuda_runtime.h>

#include "halfbyte/numeric.h"

struct __nv_bfloat16 {
  std::uint16_t bits;
};
inline float __bfloat162float(__nv_bfloat16 h) { return halfbyte::bf16_to_f32(h.bits); }
inline __nv_bfloat16 __float2bfloat16_rn(float v) { return {halfbyte::f32_to_bf16(v)}; }
