// Format u4: integer codes of up to 4 bits, q - z exactly as a pair of 16-bit numbers, by bit
// pattern. The layout of a word is core/layout/slab16.h's: nibbles (r, r + 4) make A register r.
//
//   f16   a nibble in the lowest mantissa bits under the exponent 0x6400 reads 1024 + q, one that
//         sits four bits higher 1024 + 16 q. Registers 0 and 2 hold column g of the slab,
//         registers 1 and 3 column g + 8:
//           0, 2   (word >> 0, 8) & 0x000f000f | 0x64006400,             - (1024 + z_g)
//           1, 3   (word >> 0, 8) & 0x00f000f0 | 0x64006400, times 1/16  - (64 + z_(g+8))
//         8 codes: 1 shift, 4 and-or, 2 additions, 2 fused multiply-adds = 9 instructions
//   bf16  7 mantissa bits: the low position only; 0x4300 reads 128 + q, - (128 + z)
//         8 codes: 3 shifts, 4 and-or, 4 fused multiply-adds = 11 instructions
//
// The biases come out of the packed zeros the same way: z_g and z_(g+8) share a byte.
// The idea of the bit pattern: Kim et al., arXiv 2211.10017.
#pragma once

#include <cstdint>

#include "cuda/number.cuh"

namespace halfbyte::cuda {

struct U4 {
  static constexpr int code_bits = 4;
  static constexpr bool has_zeros = true;
  using Zeros = std::uint32_t;  // of a lane's 8 columns: nibble 2 slab + (column >= 8)

  template <class Number>
  struct Bias {
    std::uint32_t lower, upper;  // pairs: for columns g and g + 8
  };

  // 3 and 4 instructions.
  static __device__ Bias<F16> bias(F16, Zeros zeros, int slab) {
    const std::uint32_t byte = byte_in_both_halves(zeros, slab);
    return {ptx::and_or(byte, 0x000f000fu, 0xe400e400u),   // -(1024 + z)
            ptx::and_or(byte, 0x00f000f0u, 0xd400d400u)};  // -(64 + z)
  }
  static __device__ Bias<BF16> bias(BF16, Zeros zeros, int slab) {
    const std::uint32_t byte = byte_in_both_halves(zeros, slab);
    return {ptx::and_or(byte, 0x000f000fu, 0xc300c300u),  // -(128 + z)
            ptx::and_or(byte >> 4, 0x000f000fu, 0xc300c300u)};
  }

  // words: the lane's codes of one matrix step.
  static __device__ void dequant(F16, const std::uint32_t* words, const Bias<F16>& bias,
                                 std::uint32_t (&a)[4]) {
    constexpr std::uint32_t sixteenth = 0x2c002c00u;
    std::uint32_t word = words[0];
#pragma unroll
    for (int r = 0; r < 4; r += 2) {
      a[r] = ptx::add_f16x2(ptx::and_or(word, 0x000f000fu, 0x64006400u), bias.lower);
      a[r + 1] = ptx::fma_f16x2(ptx::and_or(word, 0x00f000f0u, 0x64006400u), sixteenth, bias.upper);
      word >>= 8;
    }
  }
  static __device__ void dequant(BF16, const std::uint32_t* words, const Bias<BF16>& bias,
                                 std::uint32_t (&a)[4]) {
    constexpr std::uint32_t one = 0x3f803f80u;
    const std::uint32_t word = words[0];
#pragma unroll
    for (int r = 0; r < 4; ++r) {
      a[r] = ptx::fma_bf16x2(ptx::and_or(word >> (4 * r), 0x000f000fu, 0x43004300u), one,
                             r % 2 == 0 ? bias.lower : bias.upper);
    }
  }
};

}  // namespace halfbyte::cuda
