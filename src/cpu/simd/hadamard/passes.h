// The butterflies of a 2^p transform on vectors of f32, in passes of 1 to 4 levels.
//
// A row goes from its highest levels to its lowest: passes of R rows that are `stride` apart, then
// tiles of up to 16 adjacent vectors, which leave in the order of memory: whole lines are written,
// as non-temporal stores want them. A pass touches an element once: 8192 elements of 13 levels take
// three (3, 3, 7), and the parts of a row are finished one after the other, in L1.
#pragma once

#include <cstdint>

#include "core/hadamard/scratch.h"
#include "halfbyte/tensor.h"

namespace halfbyte::cpu::simd {

// A level within vectors is one exchange and one multiply-add: (a, b) * (1, -1) + (b, a), exact.
template <class V, int distance, int levels>
inline typename V::Float within(typename V::Float v) {
  if constexpr (distance < 1 << levels) {
    const auto swapped = V::template exchange<distance>(v);
    v = V::fma(v, V::template alternate<distance>(), swapped);
    return within<V, distance * 2, levels>(v);
  } else {
    return v;
  }
}

template <class V, int rows>
inline void across(typename V::Float (&v)[rows]) {
#pragma GCC unroll 4
  for (int half = rows / 2; half > 0; half /= 2) {
#pragma GCC unroll 16
    for (int i = 0; i < rows; ++i) {
      if ((i & half) != 0) continue;
      const auto difference = V::sub(v[i], v[i + half]);
      v[i] = V::add(v[i], v[i + half]);
      v[i + half] = difference;
    }
  }
}

// x of one piece: adjacent elements, signs flipped on the way.
template <class V, DType T>
struct Input {
  const std::byte* x;
  const std::int8_t* signs;  // or null

  typename V::Float load(std::int64_t i) const {
    const auto v = V::template load_as<T>(x + i * static_cast<std::int64_t>(V::template bytes<T>));
    return signs == nullptr ? v : V::flip(v, signs + i);
  }
};

// y of one piece: scaled, signs flipped, rounded once.
template <class V, DType T>
struct Output {
  std::byte* y;
  const std::int8_t* signs;  // or null
  typename V::Float scale;
  bool stream;  // past the caches: y is larger than they are, and aligned to a vector

  void store(std::int64_t i, typename V::Float v) const {
    v = V::mul(v, scale);
    if (signs != nullptr) v = V::flip(v, signs + i);
    std::byte* to = y + i * static_cast<std::int64_t>(V::template bytes<T>);
    stream ? V::template stream_as<T>(to, v) : V::template store_as<T>(to, v);
  }
};

// The f32 memory between passes; both source and sink.
template <class V>
struct Scratch {
  float* memory;
  typename V::Float load(std::int64_t i) const { return V::load(memory + core::scratch::place(i)); }
  void store(std::int64_t i, typename V::Float v) const {
    V::store(memory + core::scratch::place(i), v);
  }
};

// R rows of `stride` elements at `base`, from source to sink.
template <class V, int rows, class Source, class Sink>
inline void pass(const Source& source, const Sink& sink, std::int64_t base, std::int64_t stride) {
  for (std::int64_t j = base; j < base + stride; j += V::lanes) {
    typename V::Float v[rows];
#pragma GCC unroll 16
    for (int k = 0; k < rows; ++k) v[k] = source.load(j + k * stride);
    across<V, rows>(v);
#pragma GCC unroll 16
    for (int k = 0; k < rows; ++k) sink.store(j + k * stride, v[k]);
  }
}

// Adjacent tiles of `vectors` vectors, `levels` levels within them.
template <class V, int vectors, int levels, class Source, class Sink>
inline void tiles(const Source& source, const Sink& sink, std::int64_t first, std::int64_t count) {
  for (std::int64_t i = first; i < first + count; i += vectors * V::lanes) {
    typename V::Float v[vectors];
#pragma GCC unroll 16
    for (int k = 0; k < vectors; ++k) {
      v[k] = within<V, 1, levels>(source.load(i + k * V::lanes));
    }
    across<V, vectors>(v);
#pragma GCC unroll 16
    for (int k = 0; k < vectors; ++k) sink.store(i + k * V::lanes, v[k]);
  }
}

// The number of levels of the pass that begins a row with `above` levels above its tiles: as even
// as they go, at most four.
constexpr int levels_of_pass(int above) {
  const int passes = (above + 3) / 4;
  return passes == 0 ? 0 : (above + passes - 1) / passes;
}

template <class V, class Source, class Sink>
inline void pass_of(int levels, const Source& source, const Sink& sink, std::int64_t base,
                    std::int64_t stride) {
  switch (levels) {
    case 1:
      return pass<V, 2>(source, sink, base, stride);
    case 2:
      return pass<V, 4>(source, sink, base, stride);
    case 3:
      return pass<V, 8>(source, sink, base, stride);
    default:
      return pass<V, 16>(source, sink, base, stride);
  }
}

// Tiles of 2^log_vectors vectors.
template <class V, int levels, class Source, class Sink>
inline void tiles_of(int log_vectors, const Source& source, const Sink& sink, std::int64_t first,
                     std::int64_t count) {
  switch (log_vectors) {
    case 0:
      return tiles<V, 1, levels>(source, sink, first, count);
    case 1:
      return tiles<V, 2, levels>(source, sink, first, count);
    case 2:
      return tiles<V, 4, levels>(source, sink, first, count);
    case 3:
      return tiles<V, 8, levels>(source, sink, first, count);
    default:
      return tiles<V, 16, levels>(source, sink, first, count);
  }
}

inline constexpr int tile_log_vectors = 4;

// The levels of 2^log_size elements in the scratch memory at `base`, part by part, into the sink.
// `levels`: those within vectors, all or none of them.
template <class V, int levels, class Sink>
inline void descend(const Scratch<V>& scratch, const Sink& sink, std::int64_t base, int log_size) {
  const int above = log_size - V::lane_bits - tile_log_vectors;
  if (above <= 0) {
    return tiles_of<V, levels>(log_size - V::lane_bits, scratch, sink, base,
                               std::int64_t{1} << log_size);
  }
  const int now = levels_of_pass(above);
  const std::int64_t part = std::int64_t{1} << (log_size - now);
  pass_of<V>(now, scratch, scratch, base, part);
  for (std::int64_t i = 0; i < std::int64_t{1} << now; ++i) {
    descend<V, levels>(scratch, sink, base + i * part, log_size - now);
  }
}

}  // namespace halfbyte::cpu::simd
