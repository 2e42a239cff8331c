// The butterflies of a 2^p transform on vectors of f32, in passes of 1 to 3 levels.
//
// A row goes from its highest levels to its lowest: passes of R rows that are `stride` apart, then
// tiles (tile.h). A pass touches an element once: 8192 elements of 13 levels take three (3, 3, 7),
// and the parts of a row are finished one after the other, in L1. What did not help on Zen 3, f16,
// cycles a vector in L1: full passes before smaller tiles (2048 as 3, 3, 5 levels: 9.7, as 1, 3, 7:
// 8.2; 256 as 3, 5: 6.9, as 1, 7: 6.5); several pieces, or 16 KB of one, through a pass before the
// next begins (+0.4 to +1.1); 16 rows in halves, as tiles are (2.1 for 4 levels, 1.5 for 3).
#pragma once

#include "cpu/simd/hadamard/tile.h"

namespace halfbyte::cpu::simd {

// `rows` rows of `stride` elements at `base`, from source to sink: one part of their pairs, then
// the other.
template <class V, int rows, int part, class Source, class Sink>
[[gnu::always_inline]] inline void butterflies(const Source& source, const Sink& sink,
                                               std::int64_t j, std::int64_t stride,
                                               typename V::Float one) {
  typename V::Float v[rows];
  source.template load<part>(j, stride, v);
  across<V, rows / 2, rows>(v, [one](auto a, auto b) { return V::difference(a, b, one); });
  sink.template store<part>(j, stride, v);
}

template <class V, int rows, class Source, class Sink>
[[gnu::always_inline]] inline void pass(const Source source, const Sink sink, std::int64_t base,
                                        std::int64_t stride) {
  const auto one = V::one();
  for (std::int64_t j = base; j < base + stride; j += 2 * V::lanes) {
    butterflies<V, rows, 0>(source, sink, j, stride, one);
    butterflies<V, rows, 1>(source, sink, j, stride, one);
  }
}

// The levels of the next pass of 2^log_size elements that are larger than a tile: first those above
// a contiguous run, then those down to the tile, as evenly as they go. Three at most: 16 rows fill
// the registers of AVX2, and a pass of four levels took longer than two of two.
template <class V>
constexpr int levels_of_pass(int log_size) {
  constexpr int run = core::scratch::run_bits;
  const int above = log_size > run ? log_size - run : log_size - tile_bits<V>;
  const int passes = (above + 2) / 3;
  return (above + passes - 1) / passes;
}

template <class V, class Source, class Sink>
[[gnu::always_inline]] inline void pass_of(int levels, const Source& source, const Sink& sink,
                                           std::int64_t base, std::int64_t stride) {
  switch (levels) {
    case 1:
      return pass<V, 2>(source, sink, base, stride);
    case 2:
      return pass<V, 4>(source, sink, base, stride);
    default:
      return pass<V, 8>(source, sink, base, stride);
  }
}

template <class V, int levels, class Sink>
inline void descend(const Scratch<V>& scratch, const Sink& sink, std::int64_t base, int log_size);

// The levels of 2^log_size elements, more than a tile: the first pass from the source into the
// scratch memory at `base`, then part by part into the sink. `levels`: those within vectors, all or
// none of them.
template <class V, int levels, class Source, class Sink>
inline void large_block(const Source& source, const Scratch<V>& scratch, const Sink& sink,
                        std::int64_t base, int log_size) {
  const int now = levels_of_pass<V>(log_size);
  const int rest = log_size - now;
  if (rest == tile_bits<V>) {  // the compiler knows this stride
    pass_of<V>(now, source, scratch, base, std::int64_t{1} << tile_bits<V>);
    return tiles<V, 1 << V::tile_log_vectors, levels>(scratch, sink, base,
                                                      std::int64_t{1} << log_size);
  }
  pass_of<V>(now, source, scratch, base, std::int64_t{1} << rest);
  for (std::int64_t i = 0; i < std::int64_t{1} << now; ++i) {
    descend<V, levels>(scratch, sink, base + (i << rest), rest);
  }
}

// 2^log_size elements in the scratch memory at `base`.
template <class V, int levels, class Sink>
inline void descend(const Scratch<V>& scratch, const Sink& sink, std::int64_t base, int log_size) {
  if (log_size > tile_bits<V>) {
    return large_block<V, levels>(scratch, scratch, sink, base, log_size);
  }
  tiles_of<V, levels>(log_size - V::lane_bits, scratch, sink, base, std::int64_t{1} << log_size);
}

}  // namespace halfbyte::cpu::simd
