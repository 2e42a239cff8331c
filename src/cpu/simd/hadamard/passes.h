// The butterflies of a 2^p transform on vectors of f32, in passes of 1 to 3 levels.
//
// A row goes from its highest levels to its lowest: passes of R rows that are `stride` apart, then
// tiles (tile.h), with AVX2 of 5 to 7 levels. A pass touches an element once: 8192 elements of 13
// levels take three (3, 3, 7; within vectors levels.h), and the parts of a row are finished one
// after the other, in L1.
//
// Cycles a vector, Zen 3, data in L1: a pass of 3 levels across takes 1.5, levels within vectors
// that ride along 0.5 each (levels.h). Where a pass meets tiles nothing overlaps for 40 cycles, so
// short rows share a pass, and small tiles go several side by side: n = 256, f16, 6.5 one by one,
// 5.5 so. What did not help: 16 KB through a pass before the next begins (+0.4 to +1.1), 16 rows in
// halves as tiles are (2.1 for 4 levels), 2048 as 2, 3, 6 levels in place of 1, 3, 7 (+0.2),
// columns of the next run's pass between this run's tiles (0 to -0.3 of 6.8, twice the scratch
// memory), n = 128 as a pass and eight tiles of 2 vectors (from L1 5.6, then 5.0; from memory 4.6
// ms, then 5.1: more loads and stores, which a busy neighbour on the core makes dear).
#pragma once

#include "cpu/simd/hadamard/tile.h"

namespace halfbyte::cpu::simd {

// `rows` rows of `stride` elements at `base`, from source to sink: one part of their pairs, then
// the other.
template <class V, int rows, int part, Levels levels, class Source, class Sink>
[[gnu::always_inline]] inline void butterflies(const Source& source, const Sink& sink,
                                               std::int64_t j, std::int64_t stride,
                                               typename V::Float one) {
  typename V::Float v[rows];
  source.template load<part>(j, stride, v);
  across<V, rows / 2, rows>(v, [one](auto a, auto b) { return V::difference(a, b, one); });
#pragma GCC unroll 8
  for (int k = 0; k < rows; ++k) v[k] = within<V, levels>(v[k]);
  sink.template store<part>(j, stride, v);
}

template <class V, int rows, Levels levels, class Source, class Sink>
[[gnu::always_inline]] inline void pass(const Source source, const Sink sink, std::int64_t base,
                                        std::int64_t stride) {
  const auto one = V::one();
  for (std::int64_t j = base; j < base + stride; j += 2 * V::lanes) {
    butterflies<V, rows, 0, levels>(source, sink, j, stride, one);
    butterflies<V, rows, 1, levels>(source, sink, j, stride, one);
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

template <class V, Levels levels, class Source, class Sink>
[[gnu::always_inline]] inline void pass_of(int across, const Source& source, const Sink& sink,
                                           std::int64_t base, std::int64_t stride) {
  switch (across) {
    case 1:
      return pass<V, 2, levels>(source, sink, base, stride);
    case 2:
      return pass<V, 4, levels>(source, sink, base, stride);
    default:
      return pass<V, 8, levels>(source, sink, base, stride);
  }
}

// Transforms of eight tiles of 2^log_tile elements each, `count` elements of them: three levels
// across the tiles and the lower ones within vectors, then the tiles' own, 8 vectors at once.
template <class V, Levels left, int log_tile, class Source, class Sink>
inline void eight_tiles(const Source& source, const Scratch<V>& scratch, const Sink& sink,
                        std::int64_t base, std::int64_t count) {
  constexpr std::int64_t tile = std::int64_t{1} << log_tile;
  constexpr Levels now = lower(left);
  for (std::int64_t i = base; i < base + count; i += 8 * tile) {
    pass<V, 8, now>(source, scratch, i, tile);
  }
  constexpr int vectors = tile / V::lanes;
  constexpr int pieces = vectors < 8 ? 8 / vectors : 1;
  tiles<V, vectors * pieces, without(left, now), pieces>(scratch, sink, base, count);
}

// Transforms of 2^log_size elements, more than a tile: the first pass from the source into the
// scratch memory at `base`, then part by part into the sink. `left`: the levels within vectors, or
// none of them. `count` elements: one transform, or several within a run.
template <class V, Levels left, class Source, class Sink>
inline void large_block(const Source& source, const Scratch<V>& scratch, const Sink& sink,
                        std::int64_t base, int log_size, std::int64_t count) {
  const int across = levels_of_pass(log_size);
  const int rest = log_size - across;
  constexpr int tile = tile_bits<V>;
  constexpr int run = core::scratch::run_bits;
  // A stride that the compiler knows is worth 0.5 cycles a vector.
  if (rest == tile) return eight_tiles<V, left, tile>(source, scratch, sink, base, count);
  if (rest == tile - 1) return eight_tiles<V, left, tile - 1>(source, scratch, sink, base, count);
  if (rest == tile - 2) return eight_tiles<V, left, tile - 2>(source, scratch, sink, base, count);
  constexpr Levels now = lowest(left);
  if (rest == run) {
    pass_of<V, now>(across, source, scratch, base, std::int64_t{1} << run);
  } else {
    pass_of<V, now>(across, source, scratch, base, std::int64_t{1} << rest);
  }
  for (std::int64_t i = 0; i < std::int64_t{1} << across; ++i) {
    large_block<V, without(left, now)>(scratch, scratch, sink, base + (i << rest), rest,
                                       std::int64_t{1} << rest);
  }
}

// 2^log_size elements in the scratch memory at `base`.
template <class V, Levels left, class Sink>
inline void descend(const Scratch<V>& scratch, const Sink& sink, std::int64_t base, int log_size) {
  if (log_size > tile_bits<V>) {
    return large_block<V, left>(scratch, scratch, sink, base, log_size,
                                std::int64_t{1} << log_size);
  }
  tiles_of<V, left>(log_size - V::lane_bits, scratch, sink, base, std::int64_t{1} << log_size);
}

}  // namespace halfbyte::cpu::simd
