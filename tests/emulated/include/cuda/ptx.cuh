// The instructions of src/cuda/ptx.cuh in C++. An access that is not
// aligned as the instruction asks ends the program.
#pragma once

#include <cuda_runtime.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "copies.h"
#include "core/fragment/mma_m16n8k16.h"
#include "halfbyte/numeric.h"

namespace halfbyte::cuda::ptx {

inline int opaque(int value) { return value; }
template <class T>
T* opaque(T* pointer) {
  return pointer;
}

template <class T>
T* in_block(T* shared, int rank) {
  return reinterpret_cast<T*>(simt::in_block(reinterpret_cast<std::byte*>(shared), rank));
}
inline void arrive_at_cluster() { simt::arrive_at_cluster(); }
inline void wait_for_cluster() { simt::wait_for_cluster(); }

inline void start_next_kernel() {}
inline void wait_for_previous_kernel() {}

// Fibers take turns between meetings only: each of these is one step.
inline std::uint64_t add_and_meet(std::uint64_t* word, std::uint64_t value) {
  return std::exchange(*word, *word + value);
}
inline std::uint64_t swap_and_meet(std::uint64_t* word, std::uint64_t from, std::uint64_t to) {
  return std::exchange(*word, *word == from ? to : *word);
}
inline std::uint64_t load_shared_by_all(const std::uint64_t* word) { return *word; }
inline void store_shared_by_all(std::uint64_t* word, std::uint64_t value) { *word = value; }

template <std::size_t count>
void load_from_l2(const float* from, float (&values)[count]) {
  if (reinterpret_cast<std::uintptr_t>(from) % sizeof(values) != 0) std::abort();
  std::memcpy(values, from, sizeof(values));
}

template <class T>
T* dynamic_shared() {
  return static_cast<T*>(simt::shared_memory());
}

inline std::uint32_t shared_address(const void* generic) { return simt::shared_address(generic); }
template <std::size_t count>
void load_shared(std::uint32_t address, std::uint32_t (&words)[count]) {
  std::memcpy(words, simt::shared_place(address, sizeof(words)), sizeof(words));
}

inline void copy_16_bytes_async(bool wanted, std::uint32_t to, const void* from) {
  if (wanted) simt::start_copy(to, from, 16, 16);
}
inline void copy_16_bytes_or_zeros_async(std::uint32_t to, const void* from, int valid) {
  simt::start_copy(to, from, 16, static_cast<std::size_t>(valid));
}
template <int bytes>
void copy_async(bool wanted, std::uint32_t to, const void* from) {
  if (wanted) simt::start_copy(to, from, bytes, bytes);
}
inline void commit_copies() { simt::commit_copies(); }
template <int pending>
void wait_for_copies() {
  simt::wait_for_copies(pending);
}

inline void load_16_bytes_once(std::uint32_t (&words)[4], const void* from) {
  if (reinterpret_cast<std::uintptr_t>(from) % 16 != 0) std::abort();
  std::memcpy(words, from, 16);
}

// Reads all of it: a memory checker sees what lies beyond the operand.
inline void prefetch_to_l2(const void* from, std::uint32_t bytes) {
  if (reinterpret_cast<std::uintptr_t>(from) % 16 != 0 || bytes % 16 != 0) std::abort();
  const auto* const all = static_cast<const volatile std::uint8_t*>(from);
  for (std::uint32_t i = 0; i < bytes; ++i) static_cast<void>(all[i]);
}

template <int selector>
std::uint32_t permute_bytes(std::uint32_t a, std::uint32_t b) {
  return __byte_perm(a, b, selector);
}
inline std::uint32_t and_or(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
  return (a & b) | c;
}

inline float f16_to_f32(std::uint16_t bits) { return halfbyte::f16_to_f32(bits); }
inline std::uint32_t to_f16x2(float low, float high) {
  return f32_to_f16(low) | static_cast<std::uint32_t>(f32_to_f16(high)) << 16;
}
inline std::uint32_t to_bf16x2(float low, float high) {
  return f32_to_bf16(low) | static_cast<std::uint32_t>(f32_to_bf16(high)) << 16;
}

template <float (*widen)(std::uint16_t), std::uint16_t (*round)(float)>
std::uint32_t fma_pairs(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
  const auto half = [&](int shift) {
    const auto of = [&](std::uint32_t word) {
      return widen(static_cast<std::uint16_t>(word >> shift));
    };
    return static_cast<std::uint32_t>(round(std::fma(of(a), of(b), of(c)))) << shift;
  };
  return half(0) | half(16);
}
inline std::uint32_t fma_f16x2(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
  return fma_pairs<halfbyte::f16_to_f32, f32_to_f16>(a, b, c);
}
inline std::uint32_t fma_bf16x2(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
  return fma_pairs<bf16_to_f32, f32_to_bf16>(a, b, c);
}

// Exact in f32, and rounded once: both are 16-bit numbers.
inline std::uint32_t add_f16x2(std::uint32_t a, std::uint32_t b) {
  return fma_f16x2(a, 0x3C003C00U, b);
}

inline void load_matrices_transposed(std::uint32_t (&words)[4], const void* row) {
  if (reinterpret_cast<std::uintptr_t>(row) % 16 != 0) std::abort();
  std::array<const void*, 32> rows;
  std::memcpy(rows.data(), simt::meet_warp(&row, sizeof(row)), sizeof(rows));
  const auto lane = static_cast<std::size_t>(simt::lane());
  for (std::size_t i = 0; i < 4; ++i) {
    words[i] = 0;
    for (std::size_t half = 0; half < 2; ++half) {
      std::uint16_t number;
      const auto* from = static_cast<const std::byte*>(rows[8 * i + 2 * (lane % 4) + half]);
      std::memcpy(&number, from + 2 * (lane / 4), 2);
      words[i] |= static_cast<std::uint32_t>(number) << (16 * half);
    }
  }
}

// c += a b for a warp: fragments by the maps, sums in double and one rounding to f32.
template <float (*widen)(std::uint16_t)>
void mma(float (&c)[4], const std::uint32_t (&a)[4], std::uint32_t b0, std::uint32_t b1) {
  namespace f = core::mma_m16n8k16;
  const std::array<std::uint32_t, 6> mine{a[0], a[1], a[2], a[3], b0, b1};
  std::array<std::array<std::uint32_t, 6>, 32> all;
  std::memcpy(all.data(), simt::meet_warp(mine.data(), sizeof(mine)), sizeof(all));
  for (int reg = 0; reg < 4; ++reg) {
    const f::Coord at = f::c_coord(simt::lane(), reg);
    double sum = c[reg];
    // Lanes 4 row .. 4 row + 3 hold the row of A, 4 column .. those of B.
    for (int t = 0; t < 4; ++t) {
      const auto& row = all[static_cast<std::size_t>(4 * (at.row % 8) + t)];
      const auto& column = all[static_cast<std::size_t>(4 * at.column + t)];
      for (int half = 0; half < 2; ++half) {
        for (int k8 = 0; k8 < 2; ++k8) {
          const int a_reg = at.row / 8 + 2 * k8;
          const auto value = [&](std::uint32_t word) {
            return static_cast<double>(widen(static_cast<std::uint16_t>(word >> (16 * half))));
          };
          sum += value(row[static_cast<std::size_t>(a_reg)]) *
                 value(column[static_cast<std::size_t>(4 + k8)]);
        }
      }
    }
    c[reg] = static_cast<float>(sum);
  }
}
inline void mma_f16(float (&c)[4], const std::uint32_t (&a)[4], std::uint32_t b0,
                    std::uint32_t b1) {
  mma<halfbyte::f16_to_f32>(c, a, b0, b1);
}
inline void mma_bf16(float (&c)[4], const std::uint32_t (&a)[4], std::uint32_t b0,
                     std::uint32_t b1) {
  mma<bf16_to_f32>(c, a, b0, b1);
}

inline void multiply_f16(float (&c)[4], const std::uint32_t (&a)[4], std::uint32_t b0,
                         std::uint32_t b1) {
  for (float& sum : c) sum = 0;
  mma_f16(c, a, b0, b1);
}
inline void multiply_bf16(float (&c)[4], const std::uint32_t (&a)[4], std::uint32_t b0,
                          std::uint32_t b1) {
  for (float& sum : c) sum = 0;
  mma_bf16(c, a, b0, b1);
}

inline std::uint32_t min_bf16x2(std::uint32_t a, std::uint32_t b) {
  const auto half = [&](int shift) {
    const float x = bf16_to_f32(static_cast<std::uint16_t>(a >> shift));
    const float y = bf16_to_f32(static_cast<std::uint16_t>(b >> shift));
    return static_cast<std::uint32_t>(f32_to_bf16(std::fmin(x, y))) << shift;
  };
  return half(0) | half(16);
}

}  // namespace halfbyte::cuda::ptx
