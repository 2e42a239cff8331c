// Digits: y = x W with integer arithmetic inside a chunk of up to 128 k.
//
// x of a chunk is written as integers times one power of two, and those integers as signed bytes
// ("digits", base 256): x = 2^e (d0 + 256 d1 + 65536 d2 ...). Codes are unsigned bytes of at most
// 31, so  sum_k q_k d_k  is what vpmaddubsw (AVX2) or vpdpbusd (VNNI) adds up without rounding, and
//
//   y = sum over chunks  s 2^e ( sum_i 256^i ( sum_k q_k d_ik  -  z sum_k d_ik ) )
//
// rounds two or three times a chunk. As many digits are used as 16-bit x needs to be exact, 1 to 6:
// small integers take one, N(0,1) in f16 three. Where k is long and no x of the chunk stands out,
// two rounded digits (16 bits, small integers exact) are enough: split_rounded() in prepare.h has
// the terms. f32 x takes four. A chunk with NaN, Inf or more than 47 bits between its largest and
// smallest bit is summed element by element in f32.
//
// This file has a row alone with any number of digits; two_digits.h the common case of m = 1,
// words.h several rows of up to 16 bits, digits_tile.h what takes which way. All ways that a row's
// chunk can take round at the same places, so its bits do not follow its neighbours.
//
// Case: 4096 x 4096, group 128: 8.65 MB of W. Zen 3, 2 cores at 3.2 GHz, read 33 GB/s: bytes bound
// m = 1 to 262 us. A step (8 k x 16 columns) is 2 loads, 6 operations to unpack, and for each
// digit 4 vpmaddubsw and 4 vpaddw. Together these two issue 1.6 pairs a cycle (2.0 and 4.0
// alone): 7.2 cycles a step at two digits, 10.0 at three: 147 and 205 us on two cores.
//
// Tried before: f32 (and, convert, FMA on 32-bit lanes: 7.8 weights a cycle and core, two cores
// need 8.2 for 33 GB/s); three exact digits always (327 us at m = 1, 245 us a further row; two
// rounded ones: 277 and 183; words: 253 and 140).
#pragma once

#include <cstdint>

#include "cpu/n16.h"
#include "cpu/tile.h"

namespace halfbyte::cpu::simd {

inline constexpr int max_digits = 6;

// How far ahead of its use a line of codes is asked for: two chunks of the same block. Zen 3, 4096
// x 4096, m = 1, three digits: 367 us without, 361 / 368 / 334 / 348 us at 512 / 1024 / 2048 / 4096
// bytes. Two digits are bound by memory and go by visits: two_digits.h.
inline constexpr int prefetch_bytes = 2048;

// One row's chunk of x; [chunk][row], so that the rows of a chunk lie side by side: row by row they
// would compete for the same few sets of L1. digits: how many are in use; 0: x is zero; -1: summed
// in f32.
struct alignas(64) DigitChunk {
  float unit;  // 2^e
  std::int32_t digits;
  float sums[max_digits];  // of each digit over the chunk
  // x as 16-bit words for words.h, where one or two digits are in use and there are several rows:
  // in the order of core::n16::word_place(), and what sums() of two digits says as integers.
  std::int16_t word_sums[2];
  alignas(32) std::int16_t words[core::n16::chunk_k];
  alignas(32) std::int8_t x[max_digits][core::n16::chunk_k];
};

// Lines of the same chunk in adjacent blocks.
struct BlockLines {
  const std::uint8_t* first;
  std::int64_t stride;
  const std::uint8_t* of(std::int64_t block) const { return first + block * stride; }
};

// What a block's columns, and those of the blocks after it, have in a group; of integer codes.
struct Group {
  const float* scale;
  const float* zero;
  const std::int16_t* zero_words;  // -z and -256 z of each column: times word_sums
};

// A reader turns a line of packed codes into unsigned bytes, one vector for the low and one for the
// high halves. A segment is as many steps as 16-bit sums of pairs can hold.
template <class V>
struct CodeReader {                  // affine codes: as they are
  static constexpr int segment = 4;  // 8 sums of pairs: 8 x 2 x 15 x 128 < 2^15
  explicit CodeReader(const N16&) {}
  typename V::Bytes low(typename V::Bytes v) const { return V::low_nibbles(v); }
  typename V::Bytes high(typename V::Bytes v) const { return V::high_nibbles(v); }
};

template <class V>
struct TableReader {                 // table codes: as integers of at most 31
  static constexpr int segment = 2;  // 4 sums of pairs: 4 x 2 x 31 x 128 < 2^15
  typename V::Bytes table;
  explicit TableReader(const N16& w) : table(V::broadcast_table(w.table_code.data())) {}
  typename V::Bytes low(typename V::Bytes v) const { return V::look_up(table, V::low_nibbles(v)); }
  typename V::Bytes high(typename V::Bytes v) const {
    return V::look_up(table, V::high_nibbles(v));
  }
};

// Codes of a block's chunk as they are packed: for one row of x, which reads them once.
template <class V, class Reader>
struct PackedCodes {
  static constexpr int segment = Reader::segment;
  const Reader& reader;
  const std::uint8_t* lines;

  void load(int step, int v, typename V::Bytes& low, typename V::Bytes& high) const {
    const auto* at = lines + step * core::n16::step_bytes;
    if (v == 0) __builtin_prefetch(at + prefetch_bytes);
    const auto line = V::load_codes(at + v * static_cast<int>(sizeof(typename V::Bytes)));
    low = reader.low(line);
    high = reader.high(line);
  }
};

// The same as bytes, 2 KiB of L1: for several rows, which share the unpacking (6 of 22 operations a
// step at two digits).
template <class V, class Reader>
struct UnpackedCodes {
  static constexpr int segment = Reader::segment;
  static constexpr int step_bytes = 2 * core::n16::step_bytes;
  alignas(64) std::uint8_t bytes[core::n16::chunk_k / 8 * step_bytes];

  UnpackedCodes(const Reader& reader, const std::uint8_t* lines, int steps) {
    const PackedCodes<V, Reader> packed{reader, lines};
    for (int step = 0; step < steps; ++step) {
      for (int v = 0; v < V::vectors; ++v) {
        typename V::Bytes low;
        typename V::Bytes high;
        packed.load(step, v, low, high);
        std::uint8_t* to = bytes + step * step_bytes + v * static_cast<int>(sizeof low);
        V::store_codes(to, low);
        V::store_codes(to + core::n16::step_bytes, high);
      }
    }
  }
  void load(int step, int v, typename V::Bytes& low, typename V::Bytes& high) const {
    const auto* at = bytes + step * step_bytes + v * static_cast<int>(sizeof low);
    low = V::load_codes(at);
    high = V::load_codes(at + core::n16::step_bytes);
  }
};

// sum[v][d] = sum_k q d for `steps` steps from `first` on, at most a segment.
// The sums of a segment live in registers (6 of 16 at three digits), the totals in L1.
template <class V, int Digits, class Codes>
inline __attribute__((always_inline)) void sum_segment(const Codes& codes, int first, int steps,
                                                       const DigitChunk& x,
                                                       typename V::Sum (*sum)[Digits]) {
#pragma GCC unroll 4
  for (int s = 0; s < steps; ++s) {
    typename V::Bytes low[V::vectors];
    typename V::Bytes high[V::vectors];
#pragma GCC unroll 2
    for (int v = 0; v < V::vectors; ++v) codes.load(first + s, v, low[v], high[v]);
#pragma GCC unroll 6
    for (int d = 0; d < Digits; ++d) {
      const auto x_low = V::broadcast_digits(&x.x[d][8 * (first + s)]);
      const auto x_high = V::broadcast_digits(&x.x[d][8 * (first + s) + 4]);
#pragma GCC unroll 2
      for (int v = 0; v < V::vectors; ++v) {
        sum[v][d] = s == 0 ? V::product(low[v], x_low) : V::add_product(sum[v][d], low[v], x_low);
        sum[v][d] = V::add_product(sum[v][d], high[v], x_high);
        V::pin(sum[v][d]);
      }
    }
  }
}

template <class Codes, class Body>
inline __attribute__((always_inline)) void for_segments(int steps, Body&& body) {
  int step = 0;
  for (; step + Codes::segment <= steps; step += Codes::segment) body(step, Codes::segment);
  for (; step < steps; ++step) body(step, 1);
}

// out += scale 2^e total: the end of a chunk whose sums are one integer each.
template <class V, int Vectors>
inline __attribute__((always_inline)) void add_scaled(const typename V::Sum* total,
                                                      typename V::Float unit, const float* scale,
                                                      float* out) {
#pragma GCC unroll 4
  for (int v = 0; v < Vectors; ++v, scale += V::lanes, out += V::lanes) {
    const auto scaled = V::mul(V::to_float(total[v]), unit);
    V::store(out, V::fma(scaled, V::load(scale), V::load(out)));
  }
}

// out += scale 2^e sum_i 256^i (sum_k q d_i - z sum_k d_i) for the 16 outputs of one block.
template <class V, int Digits, class Codes>
inline __attribute__((always_inline)) void add_digits(const Codes& codes, int steps,
                                                      const DigitChunk& x, const float* scale,
                                                      const float* zero, float* out) {
  typename V::Sum total[V::vectors][Digits];
#pragma GCC unroll 2
  for (int v = 0; v < V::vectors; ++v) {
#pragma GCC unroll 6
    for (int d = 0; d < Digits; ++d) total[v][d] = V::zero_sum();
  }
  for_segments<Codes>(steps, [&](int first, int count) __attribute__((always_inline)) {
    typename V::Sum sum[V::vectors][Digits];
    sum_segment<V, Digits>(codes, first, count, x, sum);
#pragma GCC unroll 2
    for (int v = 0; v < V::vectors; ++v) {
#pragma GCC unroll 6
      for (int d = 0; d < Digits; ++d) total[v][d] = V::add_widened(total[v][d], sum[v][d]);
    }
  });
#pragma GCC unroll 2
  for (int v = 0; v < V::vectors; ++v, out += V::lanes) {
    const auto z = V::load(zero + v * V::lanes);
    auto value = V::zero();
#pragma GCC unroll 6
    for (int d = Digits - 1; d >= 0; --d) {
      const auto digit = V::sub_product(V::to_float(total[v][d]), z, V::set(x.sums[d]));
      value = d == Digits - 1 ? digit : V::fma(value, V::set(256.0F), digit);
    }
    const auto scaled = V::mul(value, V::set(x.unit));
    V::store(out, V::fma(scaled, V::load(scale + v * V::lanes), V::load(out)));
  }
}

template <class V, class Codes>
inline void add_any_digits(const Codes& codes, int steps, const DigitChunk& x, const Group& group,
                           float* out) {
  const float* scale = group.scale;
  const float* zero = group.zero;
  switch (x.digits) {
    case 1:
      return add_digits<V, 1>(codes, steps, x, scale, zero, out);
    case 2:
      return add_digits<V, 2>(codes, steps, x, scale, zero, out);
    case 3:
      return add_digits<V, 3>(codes, steps, x, scale, zero, out);
    case 4:
      return add_digits<V, 4>(codes, steps, x, scale, zero, out);
    case 5:
      return add_digits<V, 5>(codes, steps, x, scale, zero, out);
    default:
      return add_digits<V, 6>(codes, steps, x, scale, zero, out);
  }
}

}  // namespace halfbyte::cpu::simd
