// AVX-512 (F, BW, VL, DQ), and with VNNI the one-instruction sum of four products of bytes.
// Included only by files compiled for these instruction sets.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace halfbyte::cpu::simd {

struct Avx512 {
  static constexpr int lanes = 16;
  static constexpr int vectors = 1;
  static constexpr int panel_rows = 12;  // 12 accumulators hide the latency of two FMA pipes
  static constexpr int word_rows = 0;    // digits only

  using Bytes = __m512i;
  using Float = __m512;

  static Float zero() { return _mm512_setzero_ps(); }
  static Float set(float v) { return _mm512_set1_ps(v); }
  static Float load(const float* p) { return _mm512_loadu_ps(p); }
  static void store(float* p, Float v) { _mm512_storeu_ps(p, v); }
  static Float broadcast(const float* p) { return _mm512_set1_ps(*p); }
  static Float fma(Float a, Float b, Float c) { return _mm512_fmadd_ps(a, b, c); }
  static Float sub_product(Float c, Float a, Float b) { return _mm512_fnmadd_ps(a, b, c); }
  static Float add(Float a, Float b) { return _mm512_add_ps(a, b); }
  static Float sub(Float a, Float b) { return _mm512_sub_ps(a, b); }
  static Float mul(Float a, Float b) { return _mm512_mul_ps(a, b); }

  static Float load_f16(const void* p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(p)));
  }
  static Float load_bf16(const void* p) {
    const __m256i half = _mm256_loadu_si256(static_cast<const __m256i*>(p));
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
  }
  static Float load_u8(const void* p) {
    return _mm512_cvtepi32_ps(
        _mm512_cvtepu8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(p))));
  }
  static __m256i to_f16(Float v) { return _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT); }
  static void store_f16(void* p, Float v) {
    _mm256_storeu_si256(static_cast<__m256i*>(p), to_f16(v));
  }
  static void store_bf16(void* p, Float v) {
    _mm256_storeu_si256(static_cast<__m256i*>(p), to_bf16(v));
  }
  static __m256i to_bf16(Float v) {  // nearest, ties to even; a NaN stays a quiet one
    const __m512i bits = _mm512_castps_si512(v);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    const __m512i rounded =
        _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7FFF)));
    const __m512i quiet = _mm512_or_si512(bits, _mm512_set1_epi32(0x00400000));
    const __mmask16 nan = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
    const __m512i high = _mm512_srli_epi32(_mm512_mask_mov_epi32(rounded, nan, quiet), 16);
    return _mm512_cvtepi32_epi16(high);
  }

  static Bytes load_codes(const std::uint8_t* p) { return _mm512_load_si512(p); }
  static void store_codes(std::uint8_t* p, Bytes v) { _mm512_store_si512(p, v); }
  static Bytes low_nibbles(Bytes v) { return _mm512_and_si512(v, _mm512_set1_epi8(15)); }
  static Bytes high_nibbles(Bytes v) {
    return _mm512_and_si512(_mm512_srli_epi16(v, 4), _mm512_set1_epi8(15));
  }
  static Bytes broadcast_table(const std::uint8_t* p) {
    return _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static Bytes look_up(Bytes table, Bytes q) { return _mm512_shuffle_epi8(table, q); }
  static Float field(Bytes v, int shift, int mask) {
    return _mm512_cvtepi32_ps(field_int(v, shift, mask));
  }
  static Float field_look_up(Bytes v, int shift, const float* table) {
    return _mm512_permutexvar_ps(field_int(v, shift, 15), _mm512_loadu_ps(table));
  }
  static __m512i field_int(Bytes v, int shift, int mask) {
    return _mm512_and_si512(_mm512_srli_epi32(v, static_cast<unsigned>(shift)),
                            _mm512_set1_epi32(mask));
  }

  using Sum = __m512i;
  static Sum zero_sum() { return _mm512_setzero_si512(); }
  static Sum product(Bytes codes, Bytes digits) { return _mm512_maddubs_epi16(codes, digits); }
  static Sum add_product(Sum pairs, Bytes codes, Bytes digits) {
    return _mm512_add_epi16(pairs, _mm512_maddubs_epi16(codes, digits));
  }
  static Sum add_widened(Sum total, Sum pairs) {
    return _mm512_add_epi32(total, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
  }
  // Keeps a running sum in a register and its additions in program order: g++ 12 otherwise turns
  // them into trees that spill a dozen vectors a step (three digits, m = 1 on Zen 3: 460 us, then
  // 362).
  static void pin(Sum& sum) { asm volatile("" : "+v"(sum)); }
  static Float to_float(Sum total) { return _mm512_cvtepi32_ps(total); }
  static Bytes broadcast_digits(const std::int8_t* p) {
    std::int32_t four;
    __builtin_memcpy(&four, p, 4);
    return _mm512_set1_epi32(four);
  }
};

#ifdef __AVX512VNNI__
struct Avx512Vnni : Avx512 {
  static Sum product(Bytes codes, Bytes digits) {
    return _mm512_dpbusd_epi32(zero_sum(), codes, digits);
  }
  static Sum add_product(Sum sum, Bytes codes, Bytes digits) {
    return _mm512_dpbusd_epi32(sum, codes, digits);
  }
  static Sum add_widened(Sum total, Sum sum) { return _mm512_add_epi32(total, sum); }
};
#endif

#ifdef __AVX512BF16__
struct Avx512Bf16 : Avx512 {
  static constexpr int panel_rows = 12;
  // Two vectors of integers as pairs of bf16, `first` in the low halves.
  static Bytes pair(Float first, Float second) {
    const __m512i low = _mm512_srli_epi32(_mm512_castps_si512(first), 16);
    return _mm512_or_si512(low, _mm512_and_si512(_mm512_castps_si512(second),
                                                 _mm512_set1_epi32(static_cast<int>(0xFFFF0000U))));
  }
  static Float add_pair_product(Float sum, Bytes weights, std::uint32_t x) {
    const __m512i both = _mm512_set1_epi32(static_cast<int>(x));
    return _mm512_dpbf16_ps(sum, __builtin_bit_cast(__m512bh, weights),
                            __builtin_bit_cast(__m512bh, both));
  }
};
#endif

}  // namespace halfbyte::cpu::simd
