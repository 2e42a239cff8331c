// The butterflies of a 2^p transform on vectors of f32, in passes of 1 to 3 levels.
//
// A row goes from its highest levels to its lowest: passes of R rows that are `stride` apart, then
// tiles (tile.h), with AVX2 of 5 to 7 levels. A pass touches an element once: 8192 elements of 13
// levels take three (3, 3, 7), and the parts of a row are finished one after the other, in L1.
//
// Cycles a vector, Zen 3, data in L1: a pass of 3 levels takes 1.5, a tile 4.3 to 5.2 (f16). Where
// one meets the other nothing overlaps for 40 cycles, so short rows share a pass: n = 256, f16, 6.8
// one by one, 6.3 four at once. What did not help: 16 KB through a pass before the next begins
// (+0.4 to +1.1), 16 rows in halves as tiles are (2.1 for 4 levels), 2048 as 3, 3, 5 levels (9.7;
// as 1, 3, 7: 8.1).
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

// The levels of the next pass of 2^log_size elements: down to a contiguous run of the scratch
// memory, as evenly as they go, then three. Three at most: 16 rows fill the registers of AVX2, and
// a pass of four levels took longer than two of two.
constexpr int levels_of_pass(int log_size) {
  const int above = log_size - core::scratch::run_bits;
  if (above <= 0) return 3;
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

// Transforms of eight tiles of 2^log_tile elements each, `count` elements of them: three levels
// across the tiles, then their own.
template <class V, int levels, int log_tile, class Source, class Sink>
inline void eight_tiles(const Source& source, const Scratch<V>& scratch, const Sink& sink,
                        std::int64_t base, std::int64_t count) {
  constexpr std::int64_t tile = std::int64_t{1} << log_tile;
  for (std::int64_t i = base; i < base + count; i += 8 * tile) {
    pass<V, 8>(source, scratch, i, tile);
  }
  tiles<V, tile / V::lanes, levels>(scratch, sink, base, count);
}

template <class V, int levels, class Sink>
inline void descend(const Scratch<V>& scratch, const Sink& sink, std::int64_t base, int log_size);

// Transforms of 2^log_size elements, more than a tile: the first pass from the source into the
// scratch memory at `base`, then part by part into the sink. `levels`: those within vectors, all or
// none of them. `count` elements: one transform, or several within a run.
template <class V, int levels, class Source, class Sink>
inline void large_block(const Source& source, const Scratch<V>& scratch, const Sink& sink,
                        std::int64_t base, int log_size, std::int64_t count) {
  const int now = levels_of_pass(log_size);
  const int rest = log_size - now;
  constexpr int tile = tile_bits<V>;
  constexpr int run = core::scratch::run_bits;
  // A stride that the compiler knows is worth 0.5 cycles a vector.
  if (rest == tile) return eight_tiles<V, levels, tile>(source, scratch, sink, base, count);
  if (rest == tile - 1) return eight_tiles<V, levels, tile - 1>(source, scratch, sink, base, count);
  if (rest == tile - 2) return eight_tiles<V, levels, tile - 2>(source, scratch, sink, base, count);
  if (rest == run) {
    pass_of<V>(now, source, scratch, base, std::int64_t{1} << run);
  } else {
    pass_of<V>(now, source, scratch, base, std::int64_t{1} << rest);
  }
  for (std::int64_t i = 0; i < std::int64_t{1} << now; ++i) {
    descend<V, levels>(scratch, sink, base + (i << rest), rest);
  }
}

// 2^log_size elements in the scratch memory at `base`.
template <class V, int levels, class Sink>
inline void descend(const Scratch<V>& scratch, const Sink& sink, std::int64_t base, int log_size) {
  if (log_size > tile_bits<V>) {
    return large_block<V, levels>(scratch, scratch, sink, base, log_size,
                                  std::int64_t{1} << log_size);
  }
  tiles_of<V, levels>(log_size - V::lane_bits, scratch, sink, base, std::int64_t{1} << log_size);
}

}  // namespace halfbyte::cpu::simd
