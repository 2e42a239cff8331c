// The butterflies of a 2^p transform on vectors of f32, in passes of 1 to 3 levels.
//
// A row goes from its highest levels to its lowest: passes of R rows that are `stride` apart, then
// tiles of up to 16 adjacent vectors, which leave in the order of memory: whole lines are written,
// as non-temporal stores want them. A pass touches an element once: 8192 elements of 13 levels take
// three (3, 3, 7), and the parts of a row are finished one after the other, in L1.
#pragma once

#include <cstdint>

#include "core/hadamard/scratch.h"
#include "halfbyte/tensor.h"

// Everything inside a tile is forced inline: a tile passed to a function lives in memory (n = 64
// took 1.4 times as long when g++ 12 was left to choose).
namespace halfbyte::cpu::simd {

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

// What is asked of x and y besides the transform. Known at compile time: a branch for it in a tile
// makes g++ 12 keep the tile in memory (n = 64: 178 instructions in place of 110).
enum class Extra : std::uint8_t {
  none,
  stream,  // y is written past the caches: larger than they are, aligned to a vector
  signs,   // signs may flip before or after
};

// Sources load and sinks store the vectors at i, i + stride, i + 2 stride, ...

// x of one piece: adjacent elements.
template <class V, DType T, Extra extra>
struct Input {
  const std::byte* x;
  const std::int8_t* signs;  // or null

  template <int rows>
  [[gnu::always_inline]] void load(std::int64_t i, std::int64_t stride,
                                   typename V::Float (&v)[rows]) const {
    constexpr auto size = static_cast<std::int64_t>(V::template bytes<T>);
    const std::byte* from = x + i * size;
#pragma GCC unroll 16
    for (int k = 0; k < rows; ++k) {
      v[k] = V::template load_as<T>(from + k * stride * size);
      if constexpr (extra == Extra::signs) {
        if (signs != nullptr) v[k] = V::flip(v[k], signs + i + k * stride);
      }
    }
  }
};

// The same, for the first pass of a large piece: asks for the next piece's lines meanwhile. Its
// rows are too many streams, and too short, for the processor to see them coming.
template <class V, DType T, Extra extra>
struct InputOfMany : Input<V, T, extra> {
  std::int64_t ahead;  // bytes to the next piece

  template <int rows>
  [[gnu::always_inline]] void load(std::int64_t i, std::int64_t stride,
                                   typename V::Float (&v)[rows]) const {
    constexpr auto size = static_cast<std::int64_t>(V::template bytes<T>);
#pragma GCC unroll 16
    for (int k = 0; k < rows; ++k) {
      __builtin_prefetch(this->x + (i + k * stride) * size + ahead);
    }
    Input<V, T, extra>::template load<rows>(i, stride, v);
  }
};

// y of one piece: scaled, signs flipped, rounded once.
template <class V, DType T, Extra extra>
struct Output {
  std::byte* y;
  const std::int8_t* signs;  // or null
  typename V::Float scale;

  template <int rows>
  [[gnu::always_inline]] void store(std::int64_t i, std::int64_t stride,
                                    typename V::Float (&v)[rows]) const {
    constexpr auto size = static_cast<std::int64_t>(V::template bytes<T>);
    std::byte* to = y + i * size;
#pragma GCC unroll 16
    for (int k = 0; k < rows; ++k) {
      auto out = V::mul(v[k], scale);
      if constexpr (extra == Extra::signs) {
        if (signs != nullptr) out = V::flip(out, signs + i + k * stride);
      }
      if constexpr (extra == Extra::stream) {
        V::template stream_as<T>(to + k * stride * size, out);
      } else {
        V::template store_as<T>(to + k * stride * size, out);
      }
    }
  }
};

// The f32 memory between passes; both source and sink. Rows lie within a contiguous run, or
// whole runs apart.
template <class V>
struct Scratch {
  float* memory;

  static std::int64_t step(std::int64_t stride) {
    return stride < core::scratch::run ? stride : core::scratch::place(stride);
  }
  template <int rows>
  [[gnu::always_inline]] void load(std::int64_t i, std::int64_t stride,
                                   typename V::Float (&v)[rows]) const {
    const float* from = memory + core::scratch::place(i);
#pragma GCC unroll 16
    for (int k = 0; k < rows; ++k) v[k] = V::load(from + k * step(stride));
  }
  template <int rows>
  [[gnu::always_inline]] void store(std::int64_t i, std::int64_t stride,
                                    typename V::Float (&v)[rows]) const {
    float* to = memory + core::scratch::place(i);
#pragma GCC unroll 16
    for (int k = 0; k < rows; ++k) V::store(to + k * step(stride), v[k]);
  }
};

// `rows` rows of `stride` elements at `base`, from source to sink.
template <class V, int rows, class Source, class Sink>
inline void pass(const Source source, const Sink sink, std::int64_t base, std::int64_t stride) {
  const auto difference = [one = V::one()](auto a, auto b) { return V::difference(a, b, one); };
  for (std::int64_t j = base; j < base + stride; j += V::lanes) {
    typename V::Float v[rows];
    source.template load<rows>(j, stride, v);
    across<V, rows / 2, rows>(v, difference);
    sink.template store<rows>(j, stride, v);
  }
}

// Adjacent tiles of `vectors` vectors, `levels` levels within them.
template <class V, int vectors, int levels, class Source, class Sink>
inline void tiles(const Source source, const Sink sink, std::int64_t first, std::int64_t count) {
  for (std::int64_t i = first; i < first + count; i += vectors * V::lanes) {
    typename V::Float v[vectors];
    source.template load<vectors>(i, V::lanes, v);
#pragma GCC unroll 16
    for (int k = 0; k < vectors; ++k) v[k] = within<V, 1, levels>(v[k]);
    across<V, vectors / 2, vectors>(v, V::sub);
    sink.template store<vectors>(i, V::lanes, v);
  }
}

template <class V>
inline constexpr int tile_bits = V::lane_bits + V::tile_log_vectors;

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
inline void pass_of(int levels, const Source& source, const Sink& sink, std::int64_t base,
                    std::int64_t stride) {
  switch (levels) {
    case 1:
      return pass<V, 2>(source, sink, base, stride);
    case 2:
      return pass<V, 4>(source, sink, base, stride);
    default:
      return pass<V, 8>(source, sink, base, stride);
  }
}

// Tiles of 2^log_vectors vectors.
template <class V, int levels, int largest = V::tile_log_vectors, class Source, class Sink>
inline void tiles_of(int log_vectors, const Source& source, const Sink& sink, std::int64_t first,
                     std::int64_t count) {
  if constexpr (largest > 0) {
    if (log_vectors < largest) {
      return tiles_of<V, levels, largest - 1>(log_vectors, source, sink, first, count);
    }
  }
  tiles<V, 1 << largest, levels>(source, sink, first, count);
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
