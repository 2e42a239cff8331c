// Format u8: 8-bit integer codes, q - z exactly (-255 ... 255 fits the significand of f16 and of
// bf16). Bytes (2r, 2r + 1) of a lane's two words make A register r.
//
//   f16   a byte under the exponent byte 0x64 reads 1024 + q: one byte permutation and one addition
//         a register
//   bf16  from the f16 pair through f32: 3 conversions more
#pragma once

#include <cuda_fp16.h>

#include <cstdint>

#include "cuda/number.cuh"

namespace halfbyte::cuda {

struct U8 {
  static constexpr int code_bits = 8;
  static constexpr bool has_zeros = true;
  using Zeros = std::uint64_t;  // of a lane's 8 columns: byte 2 slab + (column >= 8)

  template <class Number>
  struct Bias {
    std::uint32_t lower, upper;  // f16 pairs: for columns g and g + 8
  };

  template <class Number>
  static __device__ Bias<Number> bias(Number, Zeros zeros, int slab) {
    const auto word = static_cast<std::uint32_t>(slab < 2 ? zeros : zeros >> 32);
    return {byte_in_both_halves(word, slab % 2 * 2) | 0xe400e400u,  // -(1024 + z)
            byte_in_both_halves(word, slab % 2 * 2 + 1) | 0xe400e400u};
  }

  static __device__ void dequant(F16, const std::uint32_t* words, const Bias<F16>& bias,
                                 std::uint32_t (&a)[4]) {
    to_f16(words, bias.lower, bias.upper, a);
  }
  static __device__ void dequant(BF16, const std::uint32_t* words, const Bias<BF16>& bias,
                                 std::uint32_t (&a)[4]) {
    to_f16(words, bias.lower, bias.upper, a);
#pragma unroll
    for (int r = 0; r < 4; ++r) {
      a[r] = ptx::to_bf16x2(widen(static_cast<std::uint16_t>(a[r]), false),
                            widen(static_cast<std::uint16_t>(a[r] >> 16), false));
    }
  }

 private:
  static __device__ void to_f16(const std::uint32_t* words, std::uint32_t lower,
                                std::uint32_t upper, std::uint32_t (&a)[4]) {
    constexpr std::uint32_t exponents = 0x64646464u;
#pragma unroll
    for (int r = 0; r < 4; r += 2) {
      a[r] = ptx::add_f16x2(ptx::permute_bytes<0x4140>(words[r / 2], exponents), lower);
      a[r + 1] = ptx::add_f16x2(ptx::permute_bytes<0x4342>(words[r / 2], exponents), upper);
    }
  }
};

}  // namespace halfbyte::cuda
