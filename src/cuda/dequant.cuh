// A word of eight 4-bit codes to eight f16 numbers by bit pattern.
//
// A nibble in the low mantissa bits under the exponent 0x6400 reads 1024 + q; one that sits four
// bits higher reads 1024 + 16 q. Both are exact, so that q - z needs one subtraction, or one fused
// multiply-add that divides by 16 on the way:
//
//   word   q7 q6 q5 q4 q3 q2 q1 q0          (bits 31..0)
//   pair 0    (q4, q0)   word      & 0x000f000f | 0x64006400   - (1024 + z)
//   pair 1    (q5, q1)   word      & 0x00f000f0 | 0x64006400   * 1/16 - (64 + z)
//   pair 2    (q6, q2)   word >> 8 & 0x000f000f | 0x64006400   - (1024 + z)
//   pair 3    (q7, q3)   word >> 8 & 0x00f000f0 | 0x64006400   * 1/16 - (64 + z)
//
// Eight codes cost 1 shift + 4 and_or + 2 subtractions + 2 fused multiply-adds = 9 instructions.
// The scale is not folded into the bias: (1024 + z) s rounds by up to half a quantisation step.
#pragma once

#include <cuda_fp16.h>

#include <cstdint>

#include "cuda/ptx.cuh"

namespace halfbyte::cuda {

// pairs[i] = (q_i - zero, q_(i+4) - zero), exact for zero in 0 ... 16.
__device__ inline void dequant_by_lop3(std::uint32_t word, int zero, __half2 (&pairs)[4]) {
  constexpr std::uint32_t low_nibbles = 0x000f000fu;
  constexpr std::uint32_t high_nibbles = 0x00f000f0u;
  constexpr std::uint32_t exponents = 0x64006400u;
  const __half2 low_bias = __float2half2_rn(static_cast<float>(1024 + zero));
  const __half2 high_bias = __float2half2_rn(static_cast<float>(-64 - zero));
  const __half2 sixteenth = __float2half2_rn(1.0f / 16.0f);
#pragma unroll
  for (int i = 0; i < 4; i += 2) {
    const std::uint32_t low = ptx::and_or(word, low_nibbles, exponents);
    const std::uint32_t high = ptx::and_or(word, high_nibbles, exponents);
    pairs[i] = __hsub2(reinterpret_cast<const __half2&>(low), low_bias);
    pairs[i + 1] = __hfma2(reinterpret_cast<const __half2&>(high), sixteenth, high_bias);
    word >>= 8;
  }
}

}  // namespace halfbyte::cuda
