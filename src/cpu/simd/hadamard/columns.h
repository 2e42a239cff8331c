// A Hadamard kernel with a row in every lane of a vector: for an axis that is not the last, for
// pieces without eight adjacent elements of one H_2^p (12, 24, 40 ...), for any steps at all.
#pragma once

#include "cpu/simd/hadamard/rotate.h"
#include "cpu/simd/hadamard/rows.h"

namespace halfbyte::cpu::simd {

// Lane l of vector i is element first + i of row s.row + l; missing rows are zeros.
template <class V, DType T>
inline void load_lanes(const HadamardProblem& p, const HadamardSpan& s, std::int64_t first,
                       bool adjacent, float* memory) {
  constexpr auto size = static_cast<std::int64_t>(V::template bytes<T>);
  const std::int64_t b = p.size.n();
  if (adjacent) {
    const auto* x = static_cast<const std::byte*>(p.x) + start_of<V>(p, p.x_strides, s.row) * size;
    for (std::int64_t i = 0; i < b; ++i) {
      auto v = V::template load_as<T>(x + (first + i) * p.x_strides.element * size);
      if (p.signs_before != nullptr && p.signs_before[first + i] < 0) v = V::negate(v);
      V::store(memory + core::scratch::place(i * V::lanes), v);
    }
    return;
  }
  for (std::int64_t l = 0; l < V::lanes; ++l) {
    const std::int64_t start = l < s.count ? start_of<V>(p, p.x_strides, s.row + l) : 0;
    for (std::int64_t i = 0; i < b; ++i) {
      float& to = memory[core::scratch::place(i * V::lanes + l)];
      to = l < s.count ? element<V>(p, start, first + i) : 0.0F;
    }
  }
}

template <class V, DType T>
inline void lanes_of(const HadamardProblem& p, const HadamardSpan& s) {
  constexpr auto size = static_cast<std::int64_t>(V::template bytes<T>);
  alignas(64) float memory[core::scratch::floats(largest_span)];
  const std::int64_t b = p.size.n();
  const std::int64_t low = V::lanes << p.size.p;
  // Adjacent positions of the innermost other axis.
  const std::int64_t run = p.inner > 1 ? p.inner : p.outer;
  const auto step = [&](const HadamardStrides& t) { return p.inner > 1 ? t.inner : t.outer; };
  const bool one_run = s.count == V::lanes && s.row % run + V::lanes <= run;
  const bool x_adjacent = one_run && step(p.x_strides) == 1;
  const bool y_adjacent =
      one_run && step(p.y_strides) == 1 && p.kind == core::CodeKind::none && p.amax == nullptr;
  const Scratch<V> scratch{memory};
  const auto values = values_of<V, Extra::none>(p, memory, 0);
  for (std::int64_t first = 0; first < p.n; first += b) {
    load_lanes<V, T>(p, s, first, x_adjacent, memory);
    if (p.size.q > 1) mix<V, Levels{}>(p.size.q, s.sign_rows, scratch, scratch, low);
    for (int a = 0; a < p.size.q; ++a) {
      descend<V, Levels{}>(scratch, values, a * low, p.size.p + V::lane_bits);
    }
    const auto negative = [&](std::int64_t i) {
      return p.signs_after != nullptr && p.signs_after[first + i] < 0;
    };
    if (y_adjacent) {
      auto* y = static_cast<std::byte*>(p.y) + start_of<V>(p, p.y_strides, s.row) * size;
      for (std::int64_t i = 0; i < b; ++i) {
        auto v = V::load(memory + i * V::lanes);
        if (negative(i)) v = V::negate(v);
        V::template store_as<T>(y + (first + i) * p.y_strides.element * size, v);
      }
      continue;
    }
    float row[largest_span / V::lanes];
    for (std::int64_t l = 0; l < s.count; ++l) {
      for (std::int64_t i = 0; i < b; ++i) {
        const float v = memory[i * V::lanes + l];
        row[i] = negative(i) ? -v : v;
      }
      finish<V>(p, s.row + l, first, row, b);
    }
  }
}

template <class V>
void across_rows(const HadamardProblem& p, const HadamardSpan& s) {
  switch (p.x_dtype) {
    case DType::f16:
      return lanes_of<V, DType::f16>(p, s);
    case DType::bf16:
      return lanes_of<V, DType::bf16>(p, s);
    default:
      return lanes_of<V, DType::f32>(p, s);
  }
}

template <class V>
inline constexpr HadamardSimd hadamard_simd{V::lanes, along_row<V>, across_rows<V>,
                                            rotate_heads<V>};

}  // namespace halfbyte::cpu::simd
