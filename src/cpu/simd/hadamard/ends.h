// Where the vectors of a transform come from and go to.
//
// Sources load and sinks store pairs of vectors, `part` 0 and 1 of 2 x lanes adjacent elements. In
// the natural order a pair is two adjacent vectors; split, the even and the odd elements, which is
// cheaper for bf16: two integer operations make two vectors of one load, four a vector round them.
// A transform that mixes all the bits within a pair does not see the difference.
#pragma once

#include <cstdint>

#include "core/hadamard/scratch.h"
#include "cpu/simd/hadamard/levels.h"
#include "halfbyte/tensor.h"

namespace halfbyte::cpu::simd {

// What is asked of x and y besides the transform. Known at compile time: a branch for it in a tile
// makes g++ 12 keep the tile in memory (n = 64: 178 instructions in place of 110).
enum class Extra : std::uint8_t {
  none,
  stream,  // y is written past the caches: larger than they are, aligned to a vector
  signs,   // signs may flip before or after
};

// `count` adjacent vectors: both parts of their pairs.
template <class Source, class Float, int count>
[[gnu::always_inline]] inline void load_adjacent(const Source& source, std::int64_t i,
                                                 Float (&v)[count]) {
  constexpr int pairs = (count + 1) / 2;
  constexpr std::int64_t pair = 2 * Source::lanes;
  Float part[pairs];
  source.template load<0>(i, pair, part);
#pragma GCC unroll 16
  for (int k = 0; k < pairs; ++k) v[2 * k] = part[k];
  if constexpr (count > 1) {
    source.template load<1>(i, pair, part);
#pragma GCC unroll 16
    for (int k = 0; k < pairs; ++k) v[2 * k + 1] = part[k];
  }
}

// x of one piece: adjacent elements.
template <class V, DType T, Extra extra, bool split>
struct Input {
  static constexpr int lanes = V::lanes;

  const std::byte* x;
  const std::int8_t* signs;  // or null

  // Levels that load_tile() has not done.
  template <Levels levels>
  static constexpr Levels levels_left = levels;

  // Part `part` of the pairs at i, i + stride, ...
  template <int part, int rows>
  [[gnu::always_inline]] void load(std::int64_t i, std::int64_t stride,
                                   typename V::Float (&v)[rows]) const {
    constexpr auto size = static_cast<std::int64_t>(V::template bytes<T>);
    if constexpr (split) {
      const std::byte* from = x + i * size;
#pragma GCC unroll 16
      for (int k = 0; k < rows; ++k) v[k] = V::template load_split<part>(from + k * stride * size);
    } else {
      i += part * V::lanes;
      const std::byte* from = x + i * size;
#pragma GCC unroll 16
      for (int k = 0; k < rows; ++k) {
        v[k] = V::template load_as<T>(from + k * stride * size);
        if constexpr (extra == Extra::signs) {
          if (signs != nullptr) v[k] = V::flip(v[k], signs + i + k * stride);
        }
      }
    }
  }
  // Adjacent vectors, some of their levels.
  template <Levels levels, int count>
  [[gnu::always_inline]] void load_tile(std::int64_t i, typename V::Float (&v)[count]) const {
    load_adjacent(*this, i, v);
  }
};

// y of one piece: scaled, signs flipped, rounded once.
template <class V, DType T, Extra extra, bool split>
struct Output {
  static constexpr auto size = static_cast<std::int64_t>(V::template bytes<T>);

  std::byte* y;
  const std::int8_t* signs;  // or null
  typename V::Float scale;
  const std::byte* next = nullptr;  // x of the piece that follows: asked for meanwhile

  // Scaled vectors to the pair at element i.
  [[gnu::always_inline]] void store(std::int64_t i, typename V::Float a,
                                    typename V::Float b) const {
    if constexpr (split) {
      V::template store_split<extra == Extra::stream>(y + i * size, a, b);
    } else {
      store_one(i, a);
      store_one(i + V::lanes, b);
    }
  }
  [[gnu::always_inline]] void store_one(std::int64_t i, typename V::Float v) const {
    if constexpr (extra == Extra::signs) {
      if (signs != nullptr) v = V::flip(v, signs + i);
    }
    if constexpr (extra == Extra::stream) {
      V::template stream_as<T>(y + i * size, v);
    } else {
      V::template store_as<T>(y + i * size, v);
    }
  }
  // Elements i ... i + count - 1 of the next piece: a transform that asks for a tile's worth
  // whenever it stores one reads as evenly as it writes. The processor does not see rows of a
  // first pass coming, they are too many streams and too short.
  template <int count>
  [[gnu::always_inline]] void ask(std::int64_t i) const {
#pragma GCC unroll 16
    for (int at = 0; at < count * size; at += 64) __builtin_prefetch(next + i * size + at);
  }
};

// The f32 memory between passes; both source and sink. Pairs lie within a contiguous run.
template <class V>
struct Scratch {
  float* memory;

  // The highest level within vectors costs one multiply-add and no exchange: its two operands are
  // halves that loads broadcast.
  template <Levels levels>
  static constexpr bool by_halves = levels.from < V::lane_bits && levels.to == V::lane_bits;
  template <Levels levels>
  static constexpr Levels levels_left =
      by_halves<levels> ? Levels{levels.from, levels.to - 1} : levels;

  static std::int64_t step(std::int64_t stride) {
    return stride < core::scratch::run ? stride : core::scratch::place(stride);
  }
  template <int part, int rows>
  [[gnu::always_inline]] void load(std::int64_t i, std::int64_t stride,
                                   typename V::Float (&v)[rows]) const {
    const float* from = memory + core::scratch::place(i) + part * V::lanes;
#pragma GCC unroll 16
    for (int k = 0; k < rows; ++k) v[k] = V::load(from + k * step(stride));
  }
  template <int part, int rows>
  [[gnu::always_inline]] void store(std::int64_t i, std::int64_t stride,
                                    typename V::Float (&v)[rows]) const {
    float* to = memory + core::scratch::place(i) + part * V::lanes;
#pragma GCC unroll 16
    for (int k = 0; k < rows; ++k) V::store(to + k * step(stride), v[k]);
  }
  template <Levels levels, int count>
  [[gnu::always_inline]] void load_tile(std::int64_t i, typename V::Float (&v)[count]) const {
    constexpr int half = V::lanes / 2;
    const float* from = memory + core::scratch::place(i);
#pragma GCC unroll 16
    for (int k = 0; k < count; ++k, from += V::lanes) {
      if constexpr (by_halves<levels>) {
        v[k] = V::fma(V::broadcast_half(from + half), V::template alternate<half>(),
                      V::broadcast_half(from));
      } else {
        v[k] = V::load(from);
      }
    }
  }
};

}  // namespace halfbyte::cpu::simd
