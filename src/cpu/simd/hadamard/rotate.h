// Heads of a token, rotated, as f32 side by side: what goes before the transform of
// rotary_hadamard(). Plain loops over pairs that the compiler turns into vectors of the file's
// instruction set; `flatten` keeps shared inline functions out of it.
#pragma once

#include <cstdint>
#include <limits>

#include "cpu/hadamard/hadamard.h"
#include "cpu/simd/hadamard/rows.h"
#include "ops/rotary_kernel.h"

namespace halfbyte::cpu::simd {

// n elements of a head from element `start` of x.
template <class V, DType T>
inline void widen(const RotaryProblem& p, std::int64_t start, float* out) {
  const HadamardProblem& h = p.heads;
  const auto* x = static_cast<const std::byte*>(h.x);
  const std::int64_t step = h.x_strides.element;
  std::int64_t i = 0;
  for (; step == 1 && i + V::lanes <= h.n; i += V::lanes) {
    V::store(out + i, V::template load_as<T>(x + (start + i) * 2));
  }
  for (; i < h.n; ++i) out[i] = static_cast<float>(load_element(h.x, T, start + i * step));
}

template <class V>
[[gnu::flatten]] inline void rotate_halves(std::int64_t pairs, const float* cos, const float* sin,
                                           float* __restrict first, float* __restrict second) {
  for (std::int64_t i = 0; i < pairs; ++i) {
    const float a = first[i], b = second[i];
    first[i] = a * cos[i] - b * sin[i];
    second[i] = a * sin[i] + b * cos[i];
  }
}

template <class V>
[[gnu::flatten]] inline void rotate_adjacent(std::int64_t pairs, const float* cos, const float* sin,
                                             float* v) {
  for (std::int64_t i = 0; i < pairs; ++i) {
    const float a = v[2 * i], b = v[2 * i + 1];
    v[2 * i] = a * cos[i] - b * sin[i];
    v[2 * i + 1] = a * sin[i] + b * cos[i];
  }
}

template <class V>
inline std::int64_t position_of(const RotaryProblem& p, std::int64_t token) {
  if (p.positions == nullptr) return token;
  const std::int64_t at = token * p.positions_step;
  return p.positions_are_i64 ? static_cast<const std::int64_t*>(p.positions)[at]
                             : static_cast<const std::int32_t*>(p.positions)[at];
}

// Heads first ... first + count - 1 of a token.
template <class V>
void rotate_heads(const RotaryProblem& p, std::int64_t token, std::int64_t first,
                  std::int64_t count, float* out) {
  const HadamardProblem& h = p.heads;
  const std::int64_t position = position_of<V>(p, token);
  const bool in_tables = position >= 0 && position < p.table_rows;
  const std::int64_t pairs = p.rotary_dim / 2;
  for (std::int64_t head = first; head < first + count; ++head, out += h.n) {
    const std::int64_t start = token * h.x_strides.outer + head * h.x_strides.inner;
    if (h.x_dtype == DType::f16) {
      widen<V, DType::f16>(p, start, out);
    } else {
      widen<V, DType::bf16>(p, start, out);
    }
    if (!in_tables) {
      for (std::int64_t i = 0; i < 2 * pairs; ++i) out[i] = std::numeric_limits<float>::quiet_NaN();
      continue;
    }
    const float* cos = p.cos + position * p.cos_step;
    const float* sin = p.sin + position * p.sin_step;
    if (p.pairs == RotaryPairs::halves) {
      rotate_halves<V>(pairs, cos, sin, out, out + pairs);
    } else {
      rotate_adjacent<V>(pairs, cos, sin, out);
    }
  }
}

}  // namespace halfbyte::cpu::simd
