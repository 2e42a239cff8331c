// H_q across q rows of `stride` elements, by the method of the four Russians: the 16 signed sums of
// each four inputs are made once, 4 bits of a row of H_q say which of them an output takes. q / 4
// additions an output in place of q: for 172, 43 and not 172.
// Source: Arlazarov, Dinic, Kronrod, Faradzev, Soviet Math. Dokl. 11 (1970); every q is 4 t.
#pragma once

#include <cstdint>

#include "core/hadamard/orders.h"
#include "cpu/simd/hadamard/tile.h"

namespace halfbyte::cpu::simd {

// Sum number s of four takes input i negated where bit i of s is set.
template <class V>
inline void signed_sums(const typename V::Float (&in)[4], typename V::Float* sums) {
  typename V::Float low[4], high[4];
  for (int half = 0; half < 2; ++half) {
    auto* pair = half == 0 ? low : high;
    pair[0] = V::add(in[2 * half], in[2 * half + 1]);
    pair[2] = V::sub(in[2 * half], in[2 * half + 1]);
    pair[1] = V::sub(in[2 * half + 1], in[2 * half]);
    pair[3] = V::sub(V::zero(), pair[0]);
  }
  for (int s = 0; s < 16; ++s) sums[s] = V::add(low[s & 3], high[s >> 2]);
}

// `levels`: of the transform within vectors, done to the inputs. `sign_rows`: sign_words(q) words
// for each output. Source and sink may be the same scratch memory.
template <class V, Levels levels, class Source, class Sink>
inline void mix(int q, const std::uint32_t* sign_rows, const Source& source, const Sink& sink,
                std::int64_t stride) {
  const int words = core::sign_words(q);
  const int fours = q / 4;
  typename V::Float sums[172 / 4 * 16];
  for (std::int64_t j = 0; j < stride; j += V::lanes) {
    for (int g = 0; g < fours; ++g) {
      typename V::Float in[4];
      for (int k = 0; k < 4; ++k) {
        typename V::Float one[1];
        source.template load<0>((g * 4 + k) * stride + j, 0, one);
        in[k] = within<V, levels>(one[0]);
      }
      signed_sums<V>(in, sums + g * 16);
    }
    for (int a = 0; a < q; a += 4) {  // four outputs at once: an addition takes 3 cycles
      typename V::Float out[4] = {V::zero(), V::zero(), V::zero(), V::zero()};
      const std::uint32_t* row = sign_rows + a * words;
      for (int g = 0; g < fours; ++g) {
        const int word = g / 8;
        const int shift = g % 8 * 4;
        for (int i = 0; i < 4; ++i) {
          out[i] = V::add(out[i], sums[g * 16 + (row[i * words + word] >> shift & 15U)]);
        }
      }
      for (int i = 0; i < 4; ++i) {
        typename V::Float one[1] = {out[i]};
        sink.template store<0>((a + i) * stride + j, 0, one);
      }
    }
  }
}

}  // namespace halfbyte::cpu::simd
