// Bringing x into the form that a kernel reads. Plain loops: the compiler vectorises them for the
// instruction set of the file that includes this.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "cpu/simd/digits.h"
#include "cpu/tile.h"

namespace halfbyte::cpu::simd {

// A chunk of one row as f32: straight loads where x is contiguous and W keeps its order.
template <class V>
inline void widen(const LinearProblem& problem, const N16& w, std::int64_t row, const Chunk& chunk,
                  float* out) {
  const TensorView& x = problem.x;
  if (!w.source.empty() || x.strides[1] != 1) return widen_chunk(problem, w, row, chunk, out);
  const auto* in = static_cast<const std::uint8_t*>(x.data) +
                   (row * x.strides[0] + chunk.first) * static_cast<std::int64_t>(size_of(x.dtype));
  const int whole = chunk.count / V::lanes * V::lanes;
  switch (x.dtype) {
    case DType::f16:
      for (int i = 0; i < whole; i += V::lanes) V::store(out + i, V::load_f16(in + 2 * i));
      break;
    case DType::bf16:
      for (int i = 0; i < whole; i += V::lanes) V::store(out + i, V::load_bf16(in + 2 * i));
      break;
    default:
      std::memcpy(out, in, static_cast<std::size_t>(whole) * 4);
  }
  if (whole == chunk.padded()) return;
  Chunk tail = chunk;
  tail.first += whole;
  tail.count -= whole;
  widen_chunk(problem, w, row, tail, out + whole);
}

// The largest magnitude's bits; at least 0x7F800000 where one value is not finite.
inline std::uint32_t largest_bits(const float* x, int count) {
  std::uint32_t largest = 0;
  for (int i = 0; i < count; ++i) {
    std::uint32_t bits;
    std::memcpy(&bits, x + i, 4);
    bits &= 0x7FFFFFFFU;
    largest = bits > largest ? bits : largest;
  }
  return largest;
}

constexpr float power_of_two(int exponent) {  // -126 ... 127
  return std::bit_cast<float>(static_cast<std::uint32_t>(exponent + 127) << 23);
}
constexpr double wide_power_of_two(int exponent) {  // -1022 ... 1023
  return std::bit_cast<double>(static_cast<std::uint64_t>(exponent + 1023) << 52);
}

// The words of words.h from integers of 16 bits: 0, 2, 1, 3 of every four, see word_place().
inline void place_words(const std::int16_t* value, int count, DigitChunk& to) {
  static_assert(core::n16::word_place(1) == 2 && core::n16::word_place(5) == 6);
  for (int i = 0; i < count; i += 4) {
    std::uint64_t four;
    std::memcpy(&four, value + i, sizeof four);
    four = (four & 0xFFFF00000000FFFFU) | (four >> 16 & 0xFFFF0000U) | (four & 0xFFFF0000U) << 16;
    std::memcpy(to.words + i, &four, sizeof four);
  }
}

// Splits integers into `digits` signed bytes each.
template <class Int>
inline void split_digits(Int* value, int count, int digits, DigitChunk& to) {
  if (digits <= 2) {
    std::int16_t narrow[core::n16::chunk_k];
    for (int i = 0; i < count; ++i) narrow[i] = static_cast<std::int16_t>(value[i]);
    place_words(narrow, count, to);
  }
  to.word_sums[1] = 0;
  for (int d = 0; d < digits; ++d) {
    std::int16_t sum = 0;  // 128 x 128 < 2^15
    for (int i = 0; i < count; ++i) {
      const auto low = static_cast<std::int8_t>(value[i]);
      to.x[d][i] = low;
      sum = static_cast<std::int16_t>(sum + low);
      const auto rest = static_cast<Int>(value[i] - low);
      value[i] = static_cast<Int>(rest >> 8);
    }
    to.sums[d] = sum;
    if (d < 2) to.word_sums[d] = sum;
  }
  to.digits = digits;
}

// The largest value whose digits all fit -128 ... 127.
constexpr double largest_value(int digits) {
  double value = 0;
  for (int d = 0; d < digits; ++d) value = value * 256 + 127;
  return value;
}

// The scale 2^shift under which the largest of x just fits `digits` digits.
inline int fitting_shift(float largest, int exponent, int digits) {
  const int shift = 8 * digits - 2 - exponent;
  return largest * wide_power_of_two(shift) > largest_value(digits) ? shift - 1 : shift;
}

// The general case: 4 to 6 digits through 64-bit integers, else the plain sum.
inline void split_wide(const float* x, int count, float largest, int exponent, DigitChunk& to) {
  for (int digits = 4; digits <= max_digits; ++digits) {
    const int shift = fitting_shift(largest, exponent, digits);
    const double scale = wide_power_of_two(shift);
    std::int64_t value[core::n16::chunk_k];
    int inexact = 0;
    for (int i = 0; i < count; ++i) {
      const double scaled = x[i] * scale;
      value[i] = static_cast<std::int64_t>(scaled);
      inexact |= static_cast<double>(value[i]) != scaled ? 1 : 0;
    }
    if (inexact != 0) continue;
    to.unit = power_of_two(-shift);
    return split_digits(value, count, digits, to);
  }
  to.digits = -1;
}

// Two digits, rounded: an error of up to 2^-16 of the largest |x| in each x. Worth it where that is
// small against the bound of docs/accuracy.md even if every rounding went the same way: the bound
// allows 1.2 K 2^-24 of sum |x| |w|, this adds at most 2^-16 max|x| / mean|x| of it. x of up to 16
// bits is exact in them.
inline constexpr float rounded_max_over_mean = 6;  // 6 x 2^-16 = 0.9e-4; N(0,1) has 3.5

inline bool may_round(const float* x, int count, int filled, float largest) {
  float sums[8] = {};  // one sum would be a chain of 128 additions, half of the preparation
  for (int i = 0; i < count; i += 8) {
    for (int j = 0; j < 8; ++j) sums[j] += x[i + j] < 0 ? -x[i + j] : x[i + j];
  }
  float sum = 0;
  for (const float part : sums) sum += part;
  return largest * static_cast<float>(filled) <= rounded_max_over_mean * sum;
}

inline void split_rounded(const float* x, int count, float largest, int exponent, DigitChunk& to) {
  constexpr float to_integer = 0x1.8p23F;  // adding it leaves no bits behind the point
  const int shift = fitting_shift(largest, exponent, 2);
  const float scale = power_of_two(shift);
  std::int16_t value[core::n16::chunk_k];
  for (int i = 0; i < count; ++i) {
    value[i] = static_cast<std::int16_t>(
        static_cast<std::int32_t>(x[i] * scale + to_integer - to_integer));
  }
  to.unit = power_of_two(-shift);
  split_digits(value, count, 2, to);
}

// f32 x fits four digits, cut off 2^-30 below the largest |x|, where most of it is within 1/64 of
// that: such x is exact. Where one stands out, a column whose codes avoid it would lose the others.
inline bool fits_f32(const float* x, int count, float largest) {
  const float near = largest / 64;
  int within = 0;
  int filled = 0;
  for (int i = 0; i < count; ++i) {
    const float magnitude = x[i] < 0 ? -x[i] : x[i];
    within += magnitude >= near ? 1 : 0;
    filled += magnitude > 0 ? 1 : 0;
  }
  return 2 * within >= filled;
}

inline void split_f32(const float* x, int count, float largest, int exponent, DigitChunk& to) {
  const int shift = fitting_shift(largest, exponent, 4);
  const float scale = power_of_two(shift);
  std::int32_t value[core::n16::chunk_k];
  for (int i = 0; i < count; ++i) value[i] = static_cast<std::int32_t>(x[i] * scale);
  to.unit = power_of_two(-shift);
  split_digits(value, count, 4, to);
}

// `rounding` allows two rounded digits. count includes padding, `filled` does not.
inline void split_chunk(const float* x, int count, int filled, DType dtype, bool rounding,
                        DigitChunk& to) {
  const std::uint32_t bits = largest_bits(x, count);
  if (bits == 0) {
    to.digits = 0;
    return;
  }
  const int exponent = static_cast<int>(bits >> 23) - 127;
  // Beyond 2^+-60 the products with 2^e could leave f32's range before the scale brings them back.
  if (exponent > 60 || exponent < -60) {
    to.digits = -1;
    return;
  }
  const float largest = std::bit_cast<float>(bits);
  if (dtype == DType::f32) {
    return fits_f32(x, count, largest) ? split_f32(x, count, largest, exponent, to)
                                       : split_wide(x, count, largest, exponent, to);
  }
  if (rounding && may_round(x, count, filled, largest)) {
    return split_rounded(x, count, largest, exponent, to);
  }
  const int shift = fitting_shift(largest, exponent, 3);
  const float scale = power_of_two(shift);
  std::int32_t value[core::n16::chunk_k];
  std::int32_t inexact = 0;
  std::int32_t used = 0;
  for (int i = 0; i < count; ++i) {
    const float scaled = x[i] * scale;
    value[i] = static_cast<std::int32_t>(scaled);
    inexact |= static_cast<float>(value[i]) != scaled ? 1 : 0;
    used |= value[i];
  }
  if (inexact != 0) return split_wide(x, count, largest, exponent, to);
  const int unused_digits = (used & 0xFFFF) == 0 ? 2 : (used & 0xFF) == 0 ? 1 : 0;
  for (int i = 0; i < count; ++i) value[i] >>= 8 * unused_digits;
  to.unit = power_of_two(8 * unused_digits - shift);
  split_digits(value, count, 3 - unused_digits, to);
}

// Chunks of a row that one part of the work prepares: small enough to share m = 1 among threads.
inline constexpr std::int64_t chunks_per_part = 8;

inline std::int64_t parts_per_row(const N16& w) {
  return core::ceil_div<std::int64_t>(static_cast<std::int64_t>(w.chunks.size()), chunks_per_part);
}

template <class V>
inline void prepare_digits(const LinearProblem& problem, const N16& w, std::int64_t part, void* x) {
  const auto chunks = static_cast<std::int64_t>(w.chunks.size());
  const std::int64_t row = part / parts_per_row(w);
  const std::int64_t first = part % parts_per_row(w) * chunks_per_part;
  auto* to = static_cast<DigitChunk*>(x) + row;
  for (std::int64_t c = first; c < core::smaller<std::int64_t>(first + chunks_per_part, chunks);
       ++c) {
    const Chunk& chunk = w.chunks[static_cast<std::size_t>(c)];
    alignas(64) float values[core::n16::chunk_k];
    widen<V>(problem, w, row, chunk, values);
    split_chunk(values, chunk.padded(), chunk.count, problem.x.dtype, w.k >= rounded_min_k,
                to[c * problem.m]);
  }
}

}  // namespace halfbyte::cpu::simd
