// The instructions of src/cuda/ptx_warpgroup.cuh in C++: a warp's part of a product, made at once.
#pragma once

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "core/hadamard/panel.h"
#include "cuda/ptx.cuh"

namespace halfbyte::cuda::ptx {

inline constexpr bool has_warpgroups = true;

template <class T>
T* aligned_dynamic_shared() {
  return dynamic_shared<T>();
}
inline int same_in_warp(int value) { return simt::shuffle(value, 0); }

inline void show_to_matrices() {}
inline void begin_products() {}
template <int count>
void wait_for_products(float (&)[count][8]) {}

// Encoded as on the GPU: the address and what lies between chunks of 64 columns, in 16 bytes.
inline std::uint32_t matrix_rows(std::uint32_t shared, std::uint32_t chunk) {
  return chunk / 16 << 16 | shared / 16;
}
inline std::uint32_t rows_after(std::uint32_t rows, std::uint32_t bytes) {
  return rows + bytes / 16;
}

// The operand's rows are swizzled by their place in shared memory.
inline std::uint32_t pair_of_rows(std::uint32_t rows, int row, int column) {
  const std::uint32_t chunk =
      (rows & 0xFFFFU) * 16 + (rows >> 16) * 16 * static_cast<std::uint32_t>(column / 64);
  if (chunk % 1024 != 0) throw std::logic_error("an operand that is not aligned to 1024 bytes");
  std::uint32_t pair = 0;
  for (int half = 0; half < 2; ++half) {
    const int place = core::hadamard::panel_place(row + half, column % 64 / 8);
    const auto at = chunk + static_cast<std::uint32_t>(16 * place + column % 8 * 2);
    std::uint16_t number;
    std::memcpy(&number, simt::shared_place(at, 2), 2);
    pair |= static_cast<std::uint32_t>(number) << (16 * half);
  }
  return pair;
}

template <float (*widen)(std::uint16_t)>
void multiply_rows(float (&d)[8][8], const std::uint32_t (&a)[4], std::uint32_t rows, bool adds) {
  for (int tile = 0; tile < 16; ++tile) {
    auto& sums = *reinterpret_cast<float(*)[4]>(d[tile / 2] + 4 * (tile % 2));
    if (!adds) std::fill_n(sums, 4, 0.0F);
    const int row = 2 * (simt::lane() % 4), column = 8 * tile + simt::lane() / 4;
    mma<widen>(sums, a, pair_of_rows(rows, row, column), pair_of_rows(rows, row + 8, column));
  }
}
inline void multiply_rows_f16(float (&d)[8][8], const std::uint32_t (&a)[4], std::uint32_t rows,
                              bool adds) {
  multiply_rows<halfbyte::f16_to_f32>(d, a, rows, adds);
}
inline void multiply_rows_bf16(float (&d)[8][8], const std::uint32_t (&a)[4], std::uint32_t rows,
                               bool adds) {
  multiply_rows<bf16_to_f32>(d, a, rows, adds);
}

}  // namespace halfbyte::cuda::ptx
