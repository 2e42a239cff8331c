// Butterflies on registers: the plain transform, for index bits that lie within a lane.
#pragma once

#include "core/hd.h"

namespace halfbyte::core::hadamard {

HB_HD inline void butterfly(float& a, float& b) {
  const float sum = a + b;
  b = a - b;
  a = sum;
}

// H over the first `bits` bits of the first index of v[count][width], unscaled. `count` is a power
// of two of at least 2^bits; the loops unroll, so that v stays in registers.
template <int count, int width>
HB_HD inline void transform_first_index(float (&v)[count][width], int bits) {
#ifdef __CUDA_ARCH__
#pragma unroll
#endif
  for (int step = 1, bit = 0; step < count; step *= 2, ++bit) {
    if (bit >= bits) break;
#ifdef __CUDA_ARCH__
#pragma unroll
#endif
    for (int i = 0; i < count; ++i) {
      if ((i & step) != 0) continue;
#ifdef __CUDA_ARCH__
#pragma unroll
#endif
      for (int j = 0; j < width; ++j) butterfly(v[i][j], v[i + step][j]);
    }
  }
}

}  // namespace halfbyte::core::hadamard
