// AVX2 + FMA + F16C: the vector operations that the kernels of simd/ are written in.
// Included only by files compiled for this instruction set.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace halfbyte::cpu::simd {

struct Avx2 {
  static constexpr int lanes = 8;       // outputs a vector
  static constexpr int vectors = 2;     // vectors for a block of 16 outputs
  static constexpr int panel_rows = 6;  // 6 x 2 accumulators of 16 registers
  static constexpr int word_rows = 5;   // 5 x 2 accumulators

  using Bytes = __m256i;
  using Float = __m256;

  static Float zero() { return _mm256_setzero_ps(); }
  static Float set(float v) { return _mm256_set1_ps(v); }
  static Float load(const float* p) { return _mm256_loadu_ps(p); }
  static void store(float* p, Float v) { _mm256_storeu_ps(p, v); }
  static Float broadcast(const float* p) { return _mm256_broadcast_ss(p); }
  static Float fma(Float a, Float b, Float c) { return _mm256_fmadd_ps(a, b, c); }
  static Float sub_product(Float c, Float a, Float b) { return _mm256_fnmadd_ps(a, b, c); }
  static Float add(Float a, Float b) { return _mm256_add_ps(a, b); }
  static Float sub(Float a, Float b) { return _mm256_sub_ps(a, b); }
  static Float mul(Float a, Float b) { return _mm256_mul_ps(a, b); }

  static Float load_f16(const void* p) {
    return _mm256_cvtph_ps(_mm_loadu_si128(static_cast<const __m128i*>(p)));
  }
  static Float load_bf16(const void* p) {
    const __m128i half = _mm_loadu_si128(static_cast<const __m128i*>(p));
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(half), 16));
  }
  static Float load_u8(const void* p) {
    return _mm256_cvtepi32_ps(
        _mm256_cvtepu8_epi32(_mm_loadl_epi64(static_cast<const __m128i*>(p))));
  }
  static __m128i to_f16(Float v) { return _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT); }
  static void store_f16(void* p, Float v) { _mm_storeu_si128(static_cast<__m128i*>(p), to_f16(v)); }
  static void store_bf16(void* p, Float v) {
    _mm_storeu_si128(static_cast<__m128i*>(p), to_bf16(v));
  }
  static __m128i to_bf16(Float v) {  // nearest, ties to even; a NaN stays a quiet one
    const __m256i bits = _mm256_castps_si256(v);
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const __m256i rounded =
        _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7FFF)));
    const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x00400000));
    const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(v, v, _CMP_UNORD_Q));
    const __m256i high = _mm256_srli_epi32(_mm256_blendv_epi8(rounded, quiet, nan), 16);
    const __m256i packed = _mm256_packus_epi32(high, high);
    return _mm256_castsi256_si128(_mm256_permute4x64_epi64(packed, 0x08));
  }

  // Codes ------------------------------------------------------------------------------------
  static Bytes load_codes(const std::uint8_t* p) {
    return _mm256_load_si256(reinterpret_cast<const __m256i*>(p));
  }
  static void store_codes(std::uint8_t* p, Bytes v) {
    _mm256_store_si256(reinterpret_cast<__m256i*>(p), v);
  }
  static Bytes low_nibbles(Bytes v) { return _mm256_and_si256(v, _mm256_set1_epi8(15)); }
  static Bytes high_nibbles(Bytes v) {
    return _mm256_and_si256(_mm256_srli_epi16(v, 4), _mm256_set1_epi8(15));
  }
  static Bytes broadcast_table(const std::uint8_t* p) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static Bytes look_up(Bytes table, Bytes q) { return _mm256_shuffle_epi8(table, q); }
  // Field `shift ... shift + bits - 1` of every 32-bit lane, as a float.
  static Float field(Bytes v, int shift, int mask) {
    return _mm256_cvtepi32_ps(field_int(v, shift, mask));
  }
  static Float field_look_up(Bytes v, int shift, const float* table) {
    const __m256i q = field_int(v, shift, 15);
    const __m256 low = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table), q);
    const __m256 high = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table + 8), q);
    return _mm256_blendv_ps(low, high, _mm256_castsi256_ps(_mm256_slli_epi32(q, 28)));
  }
  static __m256i field_int(Bytes v, int shift, int mask) {
    return _mm256_and_si256(_mm256_srl_epi32(v, _mm_cvtsi32_si128(shift)), _mm256_set1_epi32(mask));
  }

  // Sums of unsigned codes times signed digits ---------------------------------------------------
  // Four adjacent bytes are summed into a 32-bit lane. Pairs go through 16 bits first, where
  // 32767 / (2 x 128 x largest code) products fit; add_widened() then brings them to 32.
  using Sum = __m256i;
  static Sum zero_sum() { return _mm256_setzero_si256(); }
  static Sum product(Bytes codes, Bytes digits) { return _mm256_maddubs_epi16(codes, digits); }
  static Sum add_product(Sum pairs, Bytes codes, Bytes digits) {
    return _mm256_add_epi16(pairs, _mm256_maddubs_epi16(codes, digits));
  }
  static Sum add_widened(Sum total, Sum pairs) {
    return _mm256_add_epi32(total, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
  static Sum add_widened_256(Sum total, Sum pairs) {
    return _mm256_add_epi32(total, _mm256_madd_epi16(pairs, _mm256_set1_epi16(256)));
  }
  // Keeps a running sum in a register and its additions in program order: g++ 12 otherwise turns
  // them into trees that spill a dozen vectors a step (three digits, m = 1 on Zen 3: 460 us, then
  // 362).
  static void pin(Sum& sum) { asm volatile("" : "+x"(sum)); }
  static Float to_float(Sum total) { return _mm256_cvtepi32_ps(total); }
  static Bytes broadcast_digits(const std::int8_t* p) {
    std::int32_t four;
    __builtin_memcpy(&four, p, 4);
    return _mm256_set1_epi32(four);
  }

  // Sums of 16-bit codes times 16-bit words: adjacent ones are summed into a 32-bit lane.
  static Bytes even_bytes(Bytes v) { return _mm256_and_si256(v, _mm256_set1_epi16(255)); }
  static Bytes odd_bytes(Bytes v) { return _mm256_srli_epi16(v, 8); }
  static Bytes broadcast_words(const std::int16_t* p) {
    std::int32_t two;
    __builtin_memcpy(&two, p, 4);
    return _mm256_set1_epi32(two);
  }
  static Bytes load_words(const std::int16_t* p) {
    return _mm256_load_si256(reinterpret_cast<const __m256i*>(p));
  }
  static void store_words(std::int16_t* p, Bytes v) {
    _mm256_store_si256(reinterpret_cast<__m256i*>(p), v);
  }
  static Sum word_product(Bytes a, Bytes b) { return _mm256_madd_epi16(a, b); }
  static Sum add_word_product(Sum total, Bytes codes, Bytes words) {
    return _mm256_add_epi32(total, _mm256_madd_epi16(codes, words));
  }
  // -z and -256 z in the halves of a lane, for integers z of at most 31.
  static Bytes minus_zero_words(Float zero) {
    const __m256i minus = _mm256_sub_epi32(_mm256_setzero_si256(), _mm256_cvtps_epi32(zero));
    return _mm256_blend_epi16(minus, _mm256_slli_epi32(minus, 24), 0xAA);
  }
};

}  // namespace halfbyte::cpu::simd
