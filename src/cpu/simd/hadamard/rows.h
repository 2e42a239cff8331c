// A Hadamard kernel whose vectors lie along the row: adjacent elements in, adjacent elements out.
// Other steps are gathered element by element; codes and largest magnitudes come from f32 values
// that are kept for it (finish.h).
#pragma once

#include <cstring>

#include "cpu/simd/hadamard/finish.h"
#include "cpu/simd/hadamard/mix.h"
#include "cpu/simd/hadamard/passes.h"
#include "halfbyte/numeric.h"

namespace halfbyte::cpu::simd {

// Tiles of pieces that fit one: q = 1, p levels, any number of pieces.
template <class V, class Source, class Sink>
inline void whole_tiles(int p, const Source& source, const Sink& sink, std::int64_t count) {
  if (p >= V::lane_bits) {
    return tiles_of<V, all_levels<V>>(p - V::lane_bits, source, sink, 0, count);
  }
  switch (p) {
    case 0:
      return tiles<V, 1, Levels{0, 0}>(source, sink, 0, count);
    case 1:
      return tiles<V, 1, Levels{0, 1}>(source, sink, 0, count);
    case 2:
      return tiles<V, 1, Levels{0, 2}>(source, sink, 0, count);
    default:
      return tiles<V, 1, Levels{0, 3}>(source, sink, 0, count);  // 16 lanes
  }
}

// `count` elements of pieces that are larger than a tile: one, or several within a run.
template <class V, class Source, class Sink>
inline void large_pieces(core::HadamardSize size, const std::uint32_t* sign_rows,
                         const Source& source, const Scratch<V>& scratch, const Sink& sink,
                         std::int64_t count) {
  if (size.q > 1) {
    const std::int64_t low = std::int64_t{1} << size.p;
    mix<V, lower(all_levels<V>)>(size.q, sign_rows, source, scratch, low);
    for (std::int64_t a = 0; a < size.q; ++a) {
      descend<V, highest_level<V>>(scratch, sink, a * low, size.p);
    }
    return;
  }
  large_block<V, all_levels<V>>(source, scratch, sink, 0, size.p, count);
}

template <class V>
constexpr bool fits_tile(core::HadamardSize size) {
  return size.q == 1 && size.p <= tile_bits<V>;
}

// Elements of larger pieces to be done at once: short ones share a pass.
inline std::int64_t at_once(core::HadamardSize size) {
  return size.q == 1 ? std::max(size.n(), core::scratch::run) : size.n();
}

// Element i of a row as f32, its sign flipped.
template <class V>
inline float element(const HadamardProblem& p, std::int64_t row_start, std::int64_t i) {
  const auto x =
      static_cast<float>(load_element(p.x, p.x_dtype, row_start + i * p.x_strides.element));
  return p.signs_before != nullptr && p.signs_before[i] < 0 ? -x : x;
}

template <class V>
inline std::int64_t start_of(const HadamardProblem& p, const HadamardStrides& s, std::int64_t row) {
  return row / p.inner * s.outer + row % p.inner * s.inner;
}

// Elements that are not adjacent, or too few for a vector, into the scratch memory.
template <class V>
inline void gather(const HadamardProblem& p, std::int64_t row, std::int64_t first,
                   std::int64_t count, float* memory) {
  const std::int64_t start = start_of<V>(p, p.x_strides, row);
  for (std::int64_t i = 0; i < count; ++i) {
    memory[core::scratch::place(i)] = element<V>(p, start, first + i);
  }
  for (std::int64_t i = count; i % V::lanes != 0; ++i) memory[core::scratch::place(i)] = 0;
}

template <class V>
inline const std::int8_t* shifted(const std::int8_t* signs, std::int64_t i) {
  return signs == nullptr ? nullptr : signs + i;
}

template <class V, Extra extra>
inline Output<V, DType::f32, extra, false> values_of(const HadamardProblem& p, float* memory,
                                                     std::int64_t first) {
  auto* bytes = reinterpret_cast<std::byte*>(memory);
  return {bytes, shifted<V>(p.signs_after, first), V::set(p.scale), bytes};
}

// A part of a span by way of f32 values: gathers, transforms in place, finishes. The values end up
// dense where the scratch memory began: element i is read at i or behind, and in rising order.
template <class V, DType T, Extra extra>
inline void span_by_values(const HadamardProblem& p, const HadamardSpan& s) {
  constexpr auto size = static_cast<std::int64_t>(V::template bytes<T>);
  alignas(64) float memory[core::scratch::floats(largest_span) + V::lanes];
  const std::int64_t b = p.size.n();
  const bool adjacent = p.x_strides.element == 1;
  const auto input = [&](std::int64_t first) {
    const std::int64_t start = start_of<V>(p, p.x_strides, s.row);
    return Input<V, T, extra, false>{static_cast<const std::byte*>(p.x) + (start + first) * size,
                                     shifted<V>(p.signs_before, first)};
  };
  if (fits_tile<V>(p.size)) {
    // The signs of a last, incomplete vector would be read behind their end: element by element.
    const std::int64_t body = adjacent ? s.count / V::lanes * V::lanes : 0;
    whole_tiles<V>(p.size.p, input(s.first), values_of<V, extra>(p, memory, s.first), body);
    if (body < s.count) {
      float* rest = memory + body;
      gather<V>(p, s.row, s.first + body, s.count - body, rest);
      const auto plain = values_of<V, Extra::none>(p, rest, 0);
      const std::int64_t padded = (s.count - body + V::lanes - 1) / V::lanes * V::lanes;
      whole_tiles<V>(p.size.p, Scratch<V>{rest}, plain, padded);
      for (std::int64_t i = body; i < s.count && p.signs_after != nullptr; ++i) {
        if (p.signs_after[s.first + i] < 0) memory[i] = -memory[i];
      }
    }
    return finish<V>(p, s.row, s.first, memory, s.count);
  }
  const bool together = p.group > b;  // a scale for more than one piece
  const std::int64_t part = at_once(p.size);
  for (std::int64_t i = 0; i < s.count; i += part) {
    const std::int64_t count = std::min(part, s.count - i);
    float* here = together ? memory + i : memory;
    const Scratch<V> scratch{here};
    const auto values = values_of<V, extra>(p, here, s.first + i);
    if (adjacent) {
      large_pieces<V>(p.size, s.sign_rows, input(s.first + i), scratch, values, count);
    } else {
      gather<V>(p, s.row, s.first + i, count, here);
      large_pieces<V>(p.size, s.sign_rows, scratch, scratch, values, count);
    }
    if (!together) finish<V>(p, s.row, s.first + i, memory, count);
  }
  if (together) finish<V>(p, s.row, s.first, memory, s.count);
}

// A tile of this many elements or fewer asks for what lies so far ahead of it, in bytes.
inline constexpr std::int64_t ahead_of_tiles = 2048;

// x to y: both adjacent, of one type, nothing asked of the values.
template <class V, DType T, Extra extra, bool split>
inline void span_direct(const HadamardProblem& p, const HadamardSpan& s) {
  constexpr auto size = static_cast<std::int64_t>(V::template bytes<T>);
  const auto* x =
      static_cast<const std::byte*>(p.x) + (start_of<V>(p, p.x_strides, s.row) + s.first) * size;
  auto* y = static_cast<std::byte*>(p.y) + (start_of<V>(p, p.y_strides, s.row) + s.first) * size;
  const auto scale = V::set(p.scale);
  const auto input = [&](std::int64_t i) {
    return Input<V, T, extra, split>{x + i * size, shifted<V>(p.signs_before, s.first + i)};
  };
  const auto output = [&](std::int64_t i, const std::byte* next) {
    return Output<V, T, extra, split>{y + i * size, shifted<V>(p.signs_after, s.first + i), scale,
                                      next};
  };
  if (!fits_tile<V>(p.size)) {
    alignas(64) float memory[core::scratch::floats(largest_span)];
    const std::int64_t part = at_once(p.size);
    for (std::int64_t i = 0; i < s.count; i += part) {
      // What follows a span is another thread's, perhaps.
      const std::byte* next = x + (i + 2 * part <= s.count ? i + part : i) * size;
      large_pieces<V>(p.size, s.sign_rows, input(i), Scratch<V>{memory}, output(i, next),
                      std::min(part, s.count - i));
    }
    return;
  }
  const std::int64_t body = s.count / V::lanes * V::lanes;
  whole_tiles<V>(p.size.p, input(0), output(0, x + ahead_of_tiles), body);
  if (body < s.count) {
    constexpr Extra of_rest = extra == Extra::signs ? extra : Extra::none;
    span_by_values<V, T, of_rest>(p, {s.row, s.first + body, s.count - body, s.sign_rows, false});
  }
}

// Pairs of bf16 elements are taken apart where the transform mixes them.
template <class V, DType T, Extra extra>
inline void span_in_order(const HadamardProblem& p, const HadamardSpan& s) {
  if constexpr (T == DType::bf16 && extra != Extra::signs) {
    if (p.size.q == 1 && p.size.p > V::lane_bits) return span_direct<V, T, extra, true>(p, s);
  }
  span_direct<V, T, extra, false>(p, s);
}

template <class V, DType T>
inline void span_of(const HadamardProblem& p, const HadamardSpan& s) {
  const bool signs = p.signs_before != nullptr || p.signs_after != nullptr;
  if (!rounds_only(p)) {
    return signs ? span_by_values<V, T, Extra::signs>(p, s)
                 : span_by_values<V, T, Extra::none>(p, s);
  }
  if (signs) return span_in_order<V, T, Extra::signs>(p, s);
  constexpr std::size_t stored = V::lanes * sizeof(float);  // at once, at most
  const std::int64_t to = start_of<V>(p, p.y_strides, s.row) + s.first;
  const auto address = reinterpret_cast<std::uintptr_t>(p.y) +
                       static_cast<std::uintptr_t>(to) * V::template bytes<T>;
  if (!s.stream || address % stored != 0) return span_in_order<V, T, Extra::none>(p, s);
  span_in_order<V, T, Extra::stream>(p, s);
  V::fence();
}

template <class V>
void along_row(const HadamardProblem& p, const HadamardSpan& s) {
  switch (p.x_dtype) {
    case DType::f16:
      return span_of<V, DType::f16>(p, s);
    case DType::bf16:
      return span_of<V, DType::bf16>(p, s);
    default:
      return span_of<V, DType::f32>(p, s);
  }
}

}  // namespace halfbyte::cpu::simd
