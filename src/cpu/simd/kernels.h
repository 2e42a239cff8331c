// The kernels of one instruction set V, as the table wants them. A file per instruction set
// includes this and is compiled with that set's flags.
#pragma once

#include "cpu/simd/digits_tile.h"
#include "cpu/simd/panel.h"
#include "cpu/simd/prepare.h"
#include "cpu/tile.h"

namespace halfbyte::cpu::simd {

// Rounds to y's type once. y has unit stride.
template <class V>
inline void store_row(const float* in, const float* bias, void* y, DType dtype, std::int64_t n) {
  alignas(64) float tail[V::lanes];
  alignas(64) std::uint8_t tail_y[V::lanes * 4];
  for (std::int64_t i = 0; i < n; i += V::lanes) {
    const bool whole = i + V::lanes <= n;
    typename V::Float value = V::load(in + i);  // rows are padded to 16 columns
    if (bias != nullptr) {
      for (int j = 0; j < V::lanes && !whole; ++j) tail[j] = i + j < n ? bias[i + j] : 0.0F;
      value = V::add(value, whole ? V::load(bias + i) : V::load(tail));
    }
    auto* out = static_cast<std::uint8_t*>(y) + i * static_cast<std::int64_t>(size_of(dtype));
    void* to = whole ? static_cast<void*>(out) : tail_y;
    switch (dtype) {
      case DType::f16:
        V::store_f16(to, value);
        break;
      case DType::bf16:
        V::store_bf16(to, value);
        break;
      default:
        V::store(static_cast<float*>(to), value);
    }
    if (!whole) std::memcpy(out, tail_y, static_cast<std::size_t>(n - i) * size_of(dtype));
  }
}

template <class V>
inline constexpr TileKernel digits_kernel{
    .prepared_bytes =
        [](const LinearProblem& p, const N16& w) {
          return static_cast<std::size_t>(p.m) * w.chunks.size() * sizeof(DigitChunk);
        },
    .prepare_parts = [](const LinearProblem& p, const N16& w) { return p.m * parts_per_row(w); },
    .prepare = prepare_digits<V>,
    .tile =
        [](const TileCall& call) {
          if (call.w->meaning == CodeMeaning::table) return digits_tile<V, TableReader<V>>(call);
          digits_tile<V, CodeReader<V>>(call);
        },
    .store_row = store_row<V>,
};

template <class V>
inline constexpr TileKernel panel_kernel{
    .prepared_bytes =
        [](const LinearProblem& p, const N16& w) {
          return static_cast<std::size_t>(p.m * w.k_padded) * sizeof(float);
        },
    .prepare_parts =
        [](const LinearProblem& p, const N16&) {
          return core::ceil_div<std::int64_t>(p.m, panel_tile_m) * blocks_per_tile<V>;
        },
    .prepare = prepare_panel<V>,
    .tile = panel_tile<V>,
    .store_row = store_row<V>,
};

}  // namespace halfbyte::cpu::simd
