// Exact digits: y = x W for few rows of x, with integer arithmetic inside a chunk of up to 128 k.
//
// x of a chunk is written as integers times one power of two, and those integers as up to six
// signed bytes ("digits", base 256): x = 2^e (d0 + 256 d1 + 65536 d2 ...), exactly. Codes are
// unsigned bytes of at most 31, so  sum_k q_k d_k  is what vpmaddubsw (AVX2) or vpdpbusd (VNNI)
// adds up without rounding, and
//
//   y = sum over chunks  s 2^e ( sum_i 256^i ( sum_k q_k d_ik  -  z sum_k d_ik ) )
//
// rounds once or twice a chunk. N(0,1) data in f16 needs 3 digits (24 bits) in 94 % of the chunks
// of 128 and 4 in the rest; small integers need one.
//
// Why: with f32 arithmetic a weight costs and + convert + FMA on one lane of 32 bits: 8 weights for
// 3 operations, 7.8 weights a cycle reached on Zen 3, where 85 % of the read bandwidth needs 7.7
// for each of two cores. A byte lane holds 4 times as many: 3 digits take 38 operations for 128
// weights, a bound of 17 weights a cycle. int16 x with vpmaddwd is as fast but rounds x to 2^-16 of
// the largest of its group, which outliers turn into errors above the bound of docs/accuracy.md.
//
// A chunk whose x has NaN, Inf, or more than 47 bits between its largest and smallest bit is summed
// element by element in f32 instead.
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

// A segment: the steps whose sums of pairs fit 16 bits. total[v][d] += sum_k q d for each of them.
// The sums of a segment live in registers (6 of 16 at three digits), the totals in L1.
template <class V, int Digits, class Reader>
inline __attribute__((always_inline)) void sum_segment(const Reader& reader,
                                                       const std::uint8_t* codes, int steps,
                                                       const DigitChunk& x, int first,
                                                       typename V::Sum (*total)[Digits]) {
  typename V::Sum sum[V::vectors][Digits];
#pragma GCC unroll 4
  for (int s = 0; s < steps; ++s) {
    typename V::Bytes low[V::vectors];
    typename V::Bytes high[V::vectors];
    __builtin_prefetch(codes + s * core::n16::step_bytes + prefetch_bytes);
#pragma GCC unroll 2
    for (int v = 0; v < V::vectors; ++v) {
      const auto line = V::load_codes(codes + s * core::n16::step_bytes +
                                      v * static_cast<int>(sizeof(typename V::Bytes)));
      low[v] = reader.low(line);
      high[v] = reader.high(line);
    }
#pragma GCC unroll 6
    for (int d = 0; d < Digits; ++d) {
      const auto x_low = V::broadcast_digits(&x.x[d][first + 8 * s]);
      const auto x_high = V::broadcast_digits(&x.x[d][first + 8 * s + 4]);
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
template <class V, class Reader, int Digits>
inline void sum_digits(const Reader& reader, const std::uint8_t* codes, int steps,
                       const DigitChunk& x, const typename V::Float* zero,
                       typename V::Float* value) {
  typename V::Sum total[V::vectors][Digits];
  for (int v = 0; v < V::vectors; ++v) {
    for (int d = 0; d < Digits; ++d) total[v][d] = V::zero_sum();
  }
  int step = 0;
  for (; step + Reader::segment <= steps; step += Reader::segment) {
    sum_segment<V, Digits>(reader, codes + step * core::n16::step_bytes, Reader::segment, x,
                           8 * step, total);
  }
  for (; step < steps; ++step) {
    sum_segment<V, Digits>(reader, codes + step * core::n16::step_bytes, 1, x, 8 * step, total);
  }
  for (int v = 0; v < V::vectors; ++v) {
    value[v] = V::zero();
    for (int d = Digits - 1; d >= 0; --d) {
      const auto digit = V::sub_product(V::to_float(total[v][d]), zero[v], V::set(x.sums[d]));
      value[v] = d == Digits - 1 ? digit : V::fma(value[v], V::set(256.0F), digit);
    }
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

template <class V, class Reader>
inline void digits_tile(const TileCall& call) {
  const N16& w = *call.w;
  const Reader reader(w);
  const auto* prepared = static_cast<const DigitChunk*>(call.x);
  const std::int64_t chunks = static_cast<std::int64_t>(w.chunks.size());
  const std::int64_t first_block = call.column / core::n16::block_columns;
  const std::int64_t blocks = core::n16::blocks(call.columns);
  const bool table = w.meaning == CodeMeaning::table;
  for (std::int64_t i = 0; i < call.k.count; ++i) {
    const std::int64_t c = call.k.first + i * call.k.stride;
    const Chunk& chunk = w.chunks[static_cast<std::size_t>(c)];
    const int steps = chunk.padded() / 8;
    for (std::int64_t b = 0; b < blocks;
         ++b) {  // as many streams of weights as the tile has blocks
      typename V::Float scale[V::vectors];
      typename V::Float zero[V::vectors];
      load_group<V>(w, first_block + b, chunk.group, scale, zero);
      if (table) {
        for (int v = 0; v < V::vectors; ++v) {
          zero[v] = V::set(static_cast<float>(w.table_zero));
          scale[v] = V::mul(scale[v], V::set(w.table_unit));
        }
      }
      const std::uint8_t* codes =
          w.block_codes(first_block + b) + chunk.first / 8 * core::n16::step_bytes;
      for (std::int64_t r = 0; r < call.rows; ++r) {
        const DigitChunk& x = prepared[(call.row + r) * chunks + c];
        typename V::Float value[V::vectors];
        float* out = call.out + r * call.out_stride + b * core::n16::block_columns;
        switch (x.digits) {
          case 0:
            continue;
          case 1:
            sum_digits<V, Reader, 1>(reader, codes, steps, x, zero, value);
            break;
          case 2:
            sum_digits<V, Reader, 2>(reader, codes, steps, x, zero, value);
            break;
          case 3:
            sum_digits<V, Reader, 3>(reader, codes, steps, x, zero, value);
            break;
          case 4:
            sum_digits<V, Reader, 4>(reader, codes, steps, x, zero, value);
            break;
          case 5:
            sum_digits<V, Reader, 5>(reader, codes, steps, x, zero, value);
            break;
          case 6:
            sum_digits<V, Reader, 6>(reader, codes, steps, x, zero, value);
            break;
          default: {
            float plain[core::n16::chunk_k];
            widen_chunk(call, call.row + r, chunk, plain);
            typename V::Float total[V::vectors];
            for (int v = 0; v < V::vectors; ++v) total[v] = V::load(out + v * V::lanes);
            load_group<V>(w, first_block + b, chunk.group, scale, zero);
            sum_plain<V>(w, chunk, plain, codes, scale, zero, total);
            for (int v = 0; v < V::vectors; ++v) V::store(out + v * V::lanes, total[v]);
            if (table) {
              for (int v = 0; v < V::vectors; ++v) {
                zero[v] = V::set(static_cast<float>(w.table_zero));
                scale[v] = V::mul(scale[v], V::set(w.table_unit));
              }
            }
            continue;
          }
        }
        for (int v = 0; v < V::vectors; ++v) {
          const auto so_far = V::load(out + v * V::lanes);
          const auto scaled = V::mul(value[v], V::set(x.unit));
          V::store(out + v * V::lanes, V::fma(scaled, scale[v], so_far));
        }
      }
    }
  }
}

}  // namespace halfbyte::cpu::simd
