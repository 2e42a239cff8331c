#pragma once

#include <cuda_runtime.h>

#include "halfbyte/numeric.h"

struct __half {
  std::uint16_t bits;
};
inline float __half2float(__half h) { return halfbyte::f16_to_f32(h.bits); }
inline __half __float2half_rn(float v) { return {halfbyte::f32_to_f16(v)}; }
