// Format e2m1: the 4-bit floats of MXFP4, exactly. A code's sign and its three other bits, put at
// the places of a 16-bit number's sign and of its lowest exponent and highest mantissa bits, read
// the value times 2^-14 (f16) or 2^-126 (bf16), zero and subnormal code included; one
// multiplication makes it right. 8 codes: 8 shifts, 8 logical, 4 multiplications = 20 instructions
// at most.
#pragma once

#include <cstdint>

#include "cuda/number.cuh"

namespace halfbyte::cuda {

struct E2M1 {
  static constexpr int code_bits = 4;
  static constexpr bool has_zeros = false;
  using Zeros = std::uint32_t;

  template <class Number>
  struct Bias {};

  template <class Number>
  static __device__ Bias<Number> bias(Number, Zeros, int) {
    return {};
  }

  static __device__ void dequant(F16, const std::uint32_t* words, const Bias<F16>&,
                                 std::uint32_t (&a)[4]) {
#pragma unroll
    for (int r = 0; r < 4; ++r) {
      const std::uint32_t low = r < 3 ? words[0] << (9 - 4 * r) : words[0] >> 3;
      const std::uint32_t placed =
          ptx::and_or(words[0] << (12 - 4 * r), 0x80008000u, low & 0x0e000e00u);
      a[r] = ptx::fma_f16x2(placed, 0x74007400u, 0u);  // times 2^14
    }
  }
  static __device__ void dequant(BF16, const std::uint32_t* words, const Bias<BF16>&,
                                 std::uint32_t (&a)[4]) {
#pragma unroll
    for (int r = 0; r < 4; ++r) {
      const std::uint32_t low = r < 2 ? words[0] << (6 - 4 * r) : words[0] >> (4 * r - 6);
      const std::uint32_t placed =
          ptx::and_or(words[0] << (12 - 4 * r), 0x80008000u, low & 0x01c001c0u);
      a[r] = ptx::fma_bf16x2(placed, 0x7e807e80u, 0u);  // times 2^126
    }
  }
};

}  // namespace halfbyte::cuda
