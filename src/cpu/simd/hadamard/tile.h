// Tiles of up to 16 adjacent vectors: the lowest levels of a transform, in the order of memory, so
// that whole lines are written, as non-temporal stores want them.
//
// A tile of 16 would need every register of AVX2 and one more. Its halves go one after the other:
// the first waits in L1. Within a half the adders come first, then exchanges and multipliers.
//
// Zen 3, f16, n = 128 in L1, cycles a vector: 16 at once 6.2, this 5.5. The pipes would need 3.5,
// were they evenly used; the same instructions without dependences take 4.0 (exchanges take turns
// from adders and multipliers); tiles in two halves of levels, software-pipelined in assembly, 4.7.
// What the rest is: the floating-point schedulers see 64 operations ahead, half a tile, in which
// adders and then the others have nothing to do. What did not help: pieces of 4 vectors, one
// pipelined into the next (5.0 to 5.1, twice the code); differences by multipliers (+0.2); levels
// before the adders (+0.9); level by level in place of vector by vector (+0.4); stores of 32 bytes
// (0); vaddsubps for the lowest level (-0.1 to +0.2). A vcvtps2ph that stores takes 2 cycles, one
// to a register and a store 1.
#pragma once

#include "cpu/simd/hadamard/ends.h"

// Everything inside a tile is forced inline: a tile passed to a function lives in memory (n = 64
// took 1.4 times as long when g++ 12 was left to choose).
namespace halfbyte::cpu::simd {

// A level within vectors is one exchange and one multiply-add: (a, b) * (1, -1) + (b, a), exact.
template <class V, Levels levels>
[[gnu::always_inline]] inline typename V::Float within(typename V::Float v) {
  if constexpr (levels.from < levels.to) {
    constexpr int distance = 1 << levels.from;
    const auto swapped = V::template exchange<distance>(v);
    v = V::fma(v, V::template alternate<distance>(), swapped);
    return within<V, Levels{levels.from + 1, levels.to}>(v);
  } else {
    return v;
  }
}

template <class V, int half, int rows, class Difference>
[[gnu::always_inline]] inline void across(typename V::Float (&v)[rows],
                                          const Difference& difference) {
  if constexpr (half > 0) {
#pragma GCC unroll 16
    for (int i = 0; i < rows; ++i) {
      if ((i & half) != 0) continue;
      const auto other = difference(v[i], v[i + half]);
      v[i] = V::add(v[i], v[i + half]);
      v[i + half] = other;
    }
    across<V, half / 2, rows>(v, difference);
  }
}

// All levels of `pieces` transforms in `vectors` vectors from element i on, up to 8.
template <class V, int vectors, Levels levels, int pieces = 1, class Source>
[[gnu::always_inline]] inline void transform(const Source& source, std::int64_t i,
                                             typename V::Float (&v)[vectors]) {
  static_assert(vectors <= 8);
  source.template load_tile<levels>(i, v);
  across<V, vectors / pieces / 2, vectors>(v, V::sub);
#pragma GCC unroll 8
  for (int k = 0; k < vectors; ++k) {
    v[k] = within<V, Source::template levels_left<levels>>(v[k]);
  }
}

// Tiles of 16 vectors, `levels` levels within them.
template <class V, Levels levels, class Source, class Sink>
[[gnu::noinline]] void largest_tiles(const Source source, const Sink sink, std::int64_t first,
                                     std::int64_t count) {
  constexpr std::int64_t half = 8 * V::lanes;
  alignas(64) float memory[half];
  for (std::int64_t i = first; i < first + count; i += 2 * half) {
    sink.template ask<2 * half>(i);
    float* waiting = memory;
    {
      typename V::Float v[8];
      transform<V, 8, levels>(source, i, v);
#pragma GCC unroll 8
      for (int k = 0; k < 8; ++k) V::store(waiting + k * V::lanes, v[k]);
    }
    asm volatile("" : "+r"(waiting) : : "memory");  // g++ would keep them in registers, and spill
    typename V::Float v[8];
    transform<V, 8, levels>(source, i + half, v);
#pragma GCC unroll 4
    for (int k = 0; k < 8; k += 2) {
      const auto a = V::load(waiting + k * V::lanes);
      const auto b = V::load(waiting + (k + 1) * V::lanes);
      const std::int64_t pair = i + k * V::lanes;
      // Scaled afterwards: a multiply-add saves an operation, but sums that cancel would not be 0.
      sink.store(pair, V::mul(V::add(a, v[k]), sink.scale),
                 V::mul(V::add(b, v[k + 1]), sink.scale));
      sink.store(pair + half, V::mul(V::sub(a, v[k]), sink.scale),
                 V::mul(V::sub(b, v[k + 1]), sink.scale));
    }
  }
}

// Adjacent tiles of `vectors` vectors, `pieces` transforms each.
template <class V, int vectors, Levels levels, int pieces = 1, class Source, class Sink>
[[gnu::noinline]] void tiles(const Source source, const Sink sink, std::int64_t first,
                             std::int64_t count) {
  if constexpr (vectors == 16) {
    largest_tiles<V, levels>(source, sink, first, count);
  } else {
    for (std::int64_t i = first; i < first + count; i += vectors * V::lanes) {
      sink.template ask<vectors * V::lanes>(i);
      typename V::Float v[vectors];
      transform<V, vectors, levels, pieces>(source, i, v);
      if constexpr (vectors == 1) {
        sink.store_one(i, V::mul(v[0], sink.scale));
      } else {
#pragma GCC unroll 4
        for (int k = 0; k < vectors; k += 2) {
          sink.store(i + k * V::lanes, V::mul(v[k], sink.scale), V::mul(v[k + 1], sink.scale));
        }
      }
    }
  }
}

template <class V>
inline constexpr int tile_bits = V::lane_bits + V::tile_log_vectors;

// Tiles of 2^log_vectors vectors.
template <class V, Levels levels, int largest = V::tile_log_vectors, class Source, class Sink>
inline void tiles_of(int log_vectors, const Source& source, const Sink& sink, std::int64_t first,
                     std::int64_t count) {
  if constexpr (largest > 0) {
    if (log_vectors < largest) {
      return tiles_of<V, levels, largest - 1>(log_vectors, source, sink, first, count);
    }
  }
  tiles<V, 1 << largest, levels>(source, sink, first, count);
}

}  // namespace halfbyte::cpu::simd
