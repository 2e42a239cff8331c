// Digits: y = x W with integer arithmetic inside a chunk of up to 128 k.
//
// x of a chunk is written as integers times one power of two, and those integers as signed bytes
// ("digits", base 256): x = 2^e (d0 + 256 d1 + 65536 d2 ...). Codes are unsigned bytes of at most
// 31, so  sum_k q_k d_k  is what vpmaddubsw (AVX2) or vpdpbusd (VNNI) adds up without rounding, and
//
//   y = sum over chunks  s 2^e ( sum_i 256^i ( sum_k q_k d_ik  -  z sum_k d_ik ) )
//
// rounds two or three times a chunk. As many digits are used as x needs to be exact, 1 to 6: small
// integers take one, N(0,1) in f16 three. Where k is long and no x of the chunk stands out, two
// rounded digits (16 bits) are enough: split_rounded() in prepare.h has the terms. A chunk with
// NaN, Inf or more than 47 bits between its largest and smallest bit is summed element by element
// in f32.
//
// Case: 4096 x 4096, group 128, m = 1: 8.65 MB of W. Zen 3, 2 cores at 3.2 GHz, read 33 GB/s: bytes
// bound it to 262 us. A step (8 k x 16 columns) is 2 loads, 6 operations to unpack, and for each
// digit 4 vpmaddubsw and 4 vpaddw. Together these two issue 1.6 pairs a cycle (2.0 and 4.0
// alone): 7.4 cycles a step at two digits, 10.3 at three: 151 and 210 us on two cores.
//
// Tried before: f32 (and, convert, FMA on 32-bit lanes: 7.8 weights a cycle and core, two cores
// need 8.2 for 33 GB/s); three exact digits always (327 us at m = 1, 245 us a further row; two
// rounded ones: 277 and 183); int16 x with vpmaddwd (as many operations as two digits; rounds
// outliers beyond the bound).
#pragma once

#include <cstdint>

#include "cpu/n16.h"
#include "cpu/tile.h"

namespace halfbyte::cpu::simd {

inline constexpr int max_digits = 6;

// How far ahead of its use a line of codes is asked for: two chunks of the same block. Zen 3, 4096
// x 4096, m = 1: 367 us without, 361 / 368 / 334 / 348 us at 512 / 1024 / 2048 / 4096 bytes.
inline constexpr int prefetch_bytes = 2048;

// One row's chunk of x. digits: how many are in use; 0: x is zero; -1: summed in f32.
struct alignas(64) DigitChunk {
  float unit;  // 2^e
  std::int32_t digits;
  float sums[max_digits];  // of each digit over the chunk
  alignas(32) std::int8_t x[max_digits][core::n16::chunk_k];
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

// total[v][d] += sum_k q d for `steps` steps from `first` on, at most a segment.
// The sums of a segment live in registers (6 of 16 at three digits), the totals in L1.
template <class V, int Digits, class Codes>
inline __attribute__((always_inline)) void sum_segment(const Codes& codes, int first, int steps,
                                                       const DigitChunk& x,
                                                       typename V::Sum (*total)[Digits]) {
  typename V::Sum sum[V::vectors][Digits];
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
#pragma GCC unroll 2
  for (int v = 0; v < V::vectors; ++v) {
#pragma GCC unroll 6
    for (int d = 0; d < Digits; ++d) total[v][d] = V::add_widened(total[v][d], sum[v][d]);
  }
}

// value[v] = sum_i 256^i (sum_k q d_i - z sum_k d_i) for the 16 outputs of one block.
template <class V, int Digits, class Codes>
inline void sum_digits(const Codes& codes, int steps, const DigitChunk& x,
                       const typename V::Float* zero, typename V::Float* value) {
  typename V::Sum total[V::vectors][Digits];
  for (int v = 0; v < V::vectors; ++v) {
    for (int d = 0; d < Digits; ++d) total[v][d] = V::zero_sum();
  }
  int step = 0;
  for (; step + Codes::segment <= steps; step += Codes::segment) {
    sum_segment<V, Digits>(codes, step, Codes::segment, x, total);
  }
  for (; step < steps; ++step) sum_segment<V, Digits>(codes, step, 1, x, total);
  for (int v = 0; v < V::vectors; ++v) {
    value[v] = V::zero();
    for (int d = Digits - 1; d >= 0; --d) {
      const auto digit = V::sub_product(V::to_float(total[v][d]), zero[v], V::set(x.sums[d]));
      value[v] = d == Digits - 1 ? digit : V::fma(value[v], V::set(256.0F), digit);
    }
  }
}

template <class V, class Codes>
inline void sum_any_digits(const Codes& codes, int steps, const DigitChunk& x,
                           const typename V::Float* zero, typename V::Float* value) {
  switch (x.digits) {
    case 1:
      return sum_digits<V, 1>(codes, steps, x, zero, value);
    case 2:
      return sum_digits<V, 2>(codes, steps, x, zero, value);
    case 3:
      return sum_digits<V, 3>(codes, steps, x, zero, value);
    case 4:
      return sum_digits<V, 4>(codes, steps, x, zero, value);
    case 5:
      return sum_digits<V, 5>(codes, steps, x, zero, value);
    default:
      return sum_digits<V, 6>(codes, steps, x, zero, value);
  }
}

// Scales and zeros of (block, group), widened.
template <class V>
inline void load_group(const N16& w, std::int64_t block, std::int64_t group,
                       typename V::Float* scale, typename V::Float* zero) {
  const std::int64_t index = w.group_index(block, group);
  for (int v = 0; v < V::vectors; ++v) {
    const std::int64_t at = index + v * V::lanes;
    switch (w.scale_dtype) {
      case DType::f16:
        scale[v] = V::load_f16(w.scales.data() + 2 * at);
        break;
      case DType::bf16:
        scale[v] = V::load_bf16(w.scales.data() + 2 * at);
        break;
      default:
        scale[v] = V::load(reinterpret_cast<const float*>(w.scales.data()) + at);
    }
    switch (w.zero_kind) {
      case ZeroKind::symmetric:
        zero[v] = V::set(w.implied_zero);
        break;
      case ZeroKind::integer:
        zero[v] = V::load_u8(w.zeros.data() + at);
        break;
      default:
        switch (w.scale_dtype) {
          case DType::f16:
            zero[v] = V::load_f16(w.offsets.data() + 2 * at);
            break;
          case DType::bf16:
            zero[v] = V::load_bf16(w.offsets.data() + 2 * at);
            break;
          default:
            zero[v] = V::load(reinterpret_cast<const float*>(w.offsets.data()) + at);
        }
    }
  }
}

// The chunk in f32, element by element: IEEE results for x that is no sum of a few digits.
template <class V>
inline void sum_plain(const N16& w, const Chunk& chunk, const float* x, const std::uint8_t* codes,
                      const typename V::Float* scale, const typename V::Float* zero,
                      typename V::Float* total) {
  const int per_step = w.container_bits == 8 ? 4 : 8;
  const int mask = w.container_bits == 8 ? 255 : 15;
  for (int i = 0; i < chunk.count; ++i) {
    for (int v = 0; v < V::vectors; ++v) {
      const auto line = V::load_codes(codes + i / per_step * core::n16::step_bytes +
                                      v * static_cast<int>(sizeof(typename V::Bytes)));
      const int shift = 8 * (i % 4) + i % per_step / 4 * 4;
      const auto q = w.meaning == CodeMeaning::table ? V::field_look_up(line, shift, w.table.data())
                                                     : V::field(line, shift, mask);
      total[v] = V::fma(V::mul(V::sub(q, zero[v]), scale[v]), V::set(x[i]), total[v]);
    }
  }
}

// What one chunk of one block of columns is multiplied with.
template <class V>
struct BlockChunk {
  const Chunk& chunk;
  std::int64_t index;  // of the chunk
  std::int64_t block;
  const std::uint8_t* lines;
  typename V::Float scale[V::vectors];  // of integer codes
  typename V::Float zero[V::vectors];

  BlockChunk(const N16& w, std::int64_t c, std::int64_t b)
      : chunk(w.chunks[static_cast<std::size_t>(c)]),
        index(c),
        block(b),
        lines(w.block_codes(b) + chunk.first / 8 * core::n16::step_bytes) {
    load_group<V>(w, block, chunk.group, scale, zero);
    if (w.meaning == CodeMeaning::affine) return;
    for (int v = 0; v < V::vectors;
         ++v) {  // the table's integers have a zero and a unit of their own
      zero[v] = V::set(static_cast<float>(w.table_zero));
      scale[v] = V::mul(scale[v], V::set(w.table_unit));
    }
  }
  int steps() const { return chunk.padded() / 8; }
};

template <class V>
inline void add_plain(const TileCall& call, const BlockChunk<V>& at, std::int64_t row, float* out) {
  float x[core::n16::chunk_k];
  widen_chunk(call, row, at.chunk, x);
  typename V::Float scale[V::vectors];
  typename V::Float zero[V::vectors];
  typename V::Float total[V::vectors];
  load_group<V>(*call.w, at.block, at.chunk.group, scale, zero);
  for (int v = 0; v < V::vectors; ++v) total[v] = V::load(out + v * V::lanes);
  sum_plain<V>(*call.w, at.chunk, x, at.lines, scale, zero, total);
  for (int v = 0; v < V::vectors; ++v) V::store(out + v * V::lanes, total[v]);
}

template <class V, class Codes>
inline void add_rows(const TileCall& call, const BlockChunk<V>& at, const Codes& codes,
                     float* out) {
  const auto chunks = static_cast<std::int64_t>(call.w->chunks.size());
  const auto* x = static_cast<const DigitChunk*>(call.x) + call.row * chunks + at.index;
  for (std::int64_t r = 0; r < call.rows; ++r, x += chunks, out += call.out_stride) {
    if (x->digits == 0) continue;
    if (x->digits < 0) {
      add_plain<V>(call, at, call.row + r, out);
      continue;
    }
    typename V::Float value[V::vectors];
    sum_any_digits<V>(codes, at.steps(), *x, at.zero, value);
    for (int v = 0; v < V::vectors; ++v) {
      const auto scaled = V::mul(value[v], V::set(x->unit));
      V::store(out + v * V::lanes, V::fma(scaled, at.scale[v], V::load(out + v * V::lanes)));
    }
  }
}

template <class V, class Reader>
inline void digits_tile(const TileCall& call) {
  const Reader reader(*call.w);
  const std::int64_t first_block = call.column / core::n16::block_columns;
  const std::int64_t blocks = core::n16::blocks(call.columns);
  for (std::int64_t i = 0; i < call.k.count; ++i) {
    for (std::int64_t b = 0; b < blocks;
         ++b) {  // as many streams of weights as the tile has blocks
      const BlockChunk<V> at(*call.w, call.k.first + i * call.k.stride, first_block + b);
      float* out = call.out + b * core::n16::block_columns;
      if (call.rows == 1) {
        add_rows<V>(call, at, PackedCodes<V, Reader>{reader, at.lines}, out);
      } else {
        add_rows<V>(call, at, UnpackedCodes<V, Reader>(reader, at.lines, at.steps()), out);
      }
    }
  }
}

}  // namespace halfbyte::cpu::simd
