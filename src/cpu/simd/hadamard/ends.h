// Where the vectors of a transform come from and go to.
//
// Sources load and sinks store pairs of vectors, `part` 0 and 1 of 2 x lanes adjacent elements. In
// the natural order a pair is two adjacent vectors; split, the even and the odd elements, which is
// cheaper for bf16: two integer operations make two vectors of one load, four a vector round them.
// A transform that mixes all the bits within a pair does not see the difference.
#pragma once

#include <cstdint>

#include "core/hadamard/scratch.h"
#include "halfbyte/tensor.h"

namespace halfbyte::cpu::simd {

// What is asked of x and y besides the transform. Known at compile time: a branch for it in a tile
// makes g++ 12 keep the tile in memory (n = 64: 178 instructions in place of 110).
enum class Extra : std::uint8_t {
  none,
  stream,  // y is written past the caches: larger than they are, aligned to a vector
  signs,   // signs may flip before or after
};

// A level within vectors is one exchange and one multiply-add: (a, b) * (1, -1) + (b, a), exact.
template <class V, int distance, int levels>
[[gnu::always_inline]] inline typename V::Float within(typename V::Float v) {
  if constexpr (distance < 1 << levels) {
    const auto swapped = V::template exchange<distance>(v);
    v = V::fma(v, V::template alternate<distance>(), swapped);
    return within<V, distance * 2, levels>(v);
  } else {
    return v;
  }
}

// x of one piece: adjacent elements.
template <class V, DType T, Extra extra, bool split>
struct Input {
  const std::byte* x;
  const std::int8_t* signs;  // or null

  // Levels within vectors that load() has not done.
  template <int levels>
  static constexpr int levels_left = levels;

  // Part `part` of the pair at element i.
  template <int part, int levels = 0>
  [[gnu::always_inline]] typename V::Float load(std::int64_t i) const {
    constexpr auto size = static_cast<std::int64_t>(V::template bytes<T>);
    if constexpr (split) {
      return V::template load_split<part>(x + i * size);
    } else {
      i += part * V::lanes;
      const auto v = V::template load_as<T>(x + i * size);
      if constexpr (extra != Extra::signs) return v;
      return signs != nullptr ? V::flip(v, signs + i) : v;
    }
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
  template <int levels>
  static constexpr int levels_left = levels == V::lane_bits ? levels - 1 : levels;

  template <int part, int levels = 0>
  [[gnu::always_inline]] typename V::Float load(std::int64_t i) const {
    const float* from = memory + core::scratch::place(i) + part * V::lanes;
    if constexpr (levels == V::lane_bits) {
      constexpr int half = V::lanes / 2;
      return V::fma(V::broadcast_half(from + half), V::template alternate<half>(),
                    V::broadcast_half(from));
    } else {
      return V::load(from);
    }
  }
  template <int part>
  [[gnu::always_inline]] void store(std::int64_t i, typename V::Float v) const {
    V::store(memory + core::scratch::place(i) + part * V::lanes, v);
  }
};

}  // namespace halfbyte::cpu::simd
