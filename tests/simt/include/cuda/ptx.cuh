// Shim of src/cuda/ptx.cuh: the same functions on the host (simt.h).
#pragma once

#include <cuda_fp16.h>

#include <cmath>
#include <cstdint>

#include "core/fragment/mma_m16n8k16.h"

namespace halfbyte::cuda::ptx {

inline std::uint32_t shared_address(const void* generic) { return simt::shared_address(generic); }
inline int opaque(int value) { return value; }
template <class T>
T* dynamic_shared() {
  return reinterpret_cast<T*>(simt::dynamic_shared());
}
inline void load_16_bytes_once(std::uint32_t (&words)[4], const void* from) {
  std::memcpy(words, from, 16);
}

template <std::size_t count>
void load_shared(std::uint32_t address, std::uint32_t (&words)[count]) {
  std::memcpy(words, simt::shared_memory(address, sizeof words), sizeof words);
}

inline void copy_16_bytes_async(std::uint32_t to, const void* from) {
  simt::start_copy(to, from, 16, 16);
}
inline void copy_16_bytes_or_zeros_async(std::uint32_t to, const void* from, int valid) {
  simt::start_copy(to, from, 16, static_cast<std::size_t>(valid));
}
template <int bytes>
void copy_async(std::uint32_t to, const void* from) {
  simt::start_copy(to, from, bytes, bytes);
}
inline void commit_copies() { simt::commit_copies(); }
template <int pending>
void wait_for_copies() {
  simt::wait_for_copies(pending);
}

inline std::uint32_t and_or(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
  return (a & b) | c;
}
template <int selector>
std::uint32_t permute_bytes(std::uint32_t a, std::uint32_t b) {
  return __byte_perm(a, b, selector);
}

inline float f16_to_f32(std::uint16_t bits) { return halfbyte::f16_to_f32(bits); }

// On the two halves of a word, in double and rounded once: exact enough to be one rounding for
// products and sums of 16-bit numbers.
template <class Widen, class Narrow, class F>
std::uint32_t on_halves(const Widen& widen, const Narrow& narrow, const F& f, std::uint32_t a,
                        std::uint32_t b, std::uint32_t c) {
  std::uint32_t out = 0;
  for (int half = 0; half < 2; ++half) {
    const auto part = [&](std::uint32_t word) {
      return static_cast<double>(widen(static_cast<std::uint16_t>(word >> (16 * half))));
    };
    out |= static_cast<std::uint32_t>(narrow(f(part(a), part(b), part(c)))) << (16 * half);
  }
  return out;
}
inline std::uint32_t fma_f16x2(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
  return on_halves(
      halfbyte::f16_to_f32, f64_to_f16, [](double x, double y, double z) { return x * y + z; }, a,
      b, c);
}
inline std::uint32_t fma_bf16x2(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
  return on_halves(
      bf16_to_f32, f64_to_bf16, [](double x, double y, double z) { return x * y + z; }, a, b, c);
}
inline std::uint32_t add_f16x2(std::uint32_t a, std::uint32_t b) {
  return on_halves(
      halfbyte::f16_to_f32, f64_to_f16, [](double x, double y, double) { return x + y; }, a, b, 0);
}
inline std::uint32_t to_f16x2(float low, float high) {
  return f32_to_f16(low) | static_cast<std::uint32_t>(f32_to_f16(high)) << 16;
}
inline std::uint32_t to_bf16x2(float low, float high) {
  return f32_to_bf16(low) | static_cast<std::uint32_t>(f32_to_bf16(high)) << 16;
}

template <class Widen>
void mma(float (&c)[4], const std::uint32_t (&a)[4], std::uint32_t b0, std::uint32_t b1,
         const Widen& widen) {
  namespace fragment = core::mma_m16n8k16;
  simt::Words all[32];
  simt::exchange({a[0], a[1], a[2], a[3], b0, b1, 0, 0}, all);
  // All operands once, by the fragment maps.
  double rows[16][16], columns[16][8];
  for (int lane = 0; lane < 32; ++lane) {
    for (int half = 0; half < 2; ++half) {
      for (int reg = 0; reg < 4; ++reg) {
        const auto at = fragment::a_coord(lane, reg, half);
        rows[at.row][at.column] = widen(static_cast<std::uint16_t>(all[lane][reg] >> (16 * half)));
      }
      for (int reg = 0; reg < 2; ++reg) {
        const auto at = fragment::b_coord(lane, reg, half);
        columns[at.row][at.column] =
            widen(static_cast<std::uint16_t>(all[lane][4 + reg] >> (16 * half)));
      }
    }
  }
  for (int reg = 0; reg < 4; ++reg) {
    const auto at = fragment::c_coord(static_cast<int>(threadIdx.x % 32), reg);
    double sum = c[reg];
    for (int k = 0; k < 16; ++k) sum += rows[at.row][k] * columns[k][at.column];
    c[reg] = static_cast<float>(sum);
  }
}
inline void mma_f16(float (&c)[4], const std::uint32_t (&a)[4], std::uint32_t b0,
                    std::uint32_t b1) {
  mma(c, a, b0, b1, halfbyte::f16_to_f32);
}
inline void mma_bf16(float (&c)[4], const std::uint32_t (&a)[4], std::uint32_t b0,
                     std::uint32_t b1) {
  mma(c, a, b0, b1, bf16_to_f32);
}

}  // namespace halfbyte::cuda::ptx
