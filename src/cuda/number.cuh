// The two 16-bit types of x as kernels need them: pairs in a 32-bit register.
#pragma once

#include <cstdint>

#include "cuda/ptx.cuh"
#include "halfbyte/tensor.h"

namespace halfbyte::cuda {

struct F16 {
  static constexpr DType dtype = DType::f16;
  static __device__ void mma(float (&c)[4], const std::uint32_t (&a)[4], std::uint32_t b0,
                             std::uint32_t b1) {
    ptx::mma_f16(c, a, b0, b1);
  }
  static __device__ void multiply(float (&c)[4], const std::uint32_t (&a)[4], std::uint32_t b0,
                                  std::uint32_t b1) {
    ptx::multiply_f16(c, a, b0, b1);
  }
  static __device__ std::uint32_t pair(float low, float high) { return ptx::to_f16x2(low, high); }
  static __device__ std::uint32_t fma(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
    return ptx::fma_f16x2(a, b, c);
  }
};

struct BF16 {
  static constexpr DType dtype = DType::bf16;
  static __device__ void mma(float (&c)[4], const std::uint32_t (&a)[4], std::uint32_t b0,
                             std::uint32_t b1) {
    ptx::mma_bf16(c, a, b0, b1);
  }
  static __device__ void multiply(float (&c)[4], const std::uint32_t (&a)[4], std::uint32_t b0,
                                  std::uint32_t b1) {
    ptx::multiply_bf16(c, a, b0, b1);
  }
  static __device__ std::uint32_t pair(float low, float high) { return ptx::to_bf16x2(low, high); }
  static __device__ std::uint32_t fma(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
    return ptx::fma_bf16x2(a, b, c);
  }
};

// Byte `index` of a word, in both halves of another: 0x00bb00bb. One instruction for an index that
// the compiler knows.
__device__ inline std::uint32_t byte_in_both_halves(std::uint32_t word, int index) {
  return __byte_perm(word, 0, 0x4040 | index << 8 | index);
}

// A 16-bit number widened, exactly.
__device__ inline float widen(std::uint16_t bits, bool is_bf16) {
  if (is_bf16) return __uint_as_float(static_cast<std::uint32_t>(bits) << 16);
  return ptx::f16_to_f32(bits);
}

}  // namespace halfbyte::cuda
