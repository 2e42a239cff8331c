// The way that every x can take: a chunk in f32, element by element.
#pragma once

#include <cstdint>

#include "cpu/n16.h"

namespace halfbyte::cpu::simd {

// The chunk in f32, element by element: IEEE results for x that is no sum of a few digits.
template <class V>
inline void sum_plain(const N16& w, const Chunk& chunk, const float* x, const std::uint8_t* codes,
                      const typename V::Float* scale, const typename V::Float* zero,
                      typename V::Float* total) {
  const int per_step = w.container_bits == 8 ? 4 : 8;
  const int mask = w.container_bits == 8 ? 255 : 15;
  for (int i = 0; i < chunk.count; ++i) {
    for (int v = 0; v < V::vectors; ++v) {
      const auto line = V::load_codes(codes + i / per_step * core::n16::step_bytes +
                                      v * static_cast<int>(sizeof(typename V::Bytes)));
      const int shift = 8 * (i % 4) + i % per_step / 4 * 4;
      const auto q = w.meaning == CodeMeaning::table ? V::field_look_up(line, shift, w.table.data())
                                                     : V::field(line, shift, mask);
      total[v] = V::fma(V::mul(V::sub(q, zero[v]), scale[v]), V::set(x[i]), total[v]);
    }
  }
}

}  // namespace halfbyte::cpu::simd
