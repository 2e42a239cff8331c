#include "cpu/simd/hadamard/columns.h"
#include "cpu/simd/hadamard/typed.h"
#include "cpu/simd/isa_avx2.h"

namespace halfbyte::cpu::simd {
namespace {

struct LaneAvx2 : Avx2 {
  static constexpr int lane_bits = 3;
  static constexpr int tile_log_vectors = 4;

  // Lanes i and i ^ distance change places.
  template <int distance>
  static Float exchange(Float v) {
    if constexpr (distance == 1) return _mm256_permute_ps(v, 0b10'11'00'01);
    if constexpr (distance == 2) return _mm256_permute_ps(v, 0b01'00'11'10);
    if constexpr (distance == 4) return _mm256_permute2f128_ps(v, v, 1);
  }
  // -1 in the lanes whose number has the bit, else 1.
  template <int bit>
  static Float alternate() {
    const auto sign = [](int lane) { return (lane & bit) != 0 ? -1.0F : 1.0F; };
    return _mm256_setr_ps(sign(0), sign(1), sign(2), sign(3), sign(4), sign(5), sign(6), sign(7));
  }
  // a - b by the multipliers: in a pass they have nothing else to do, and AMD adds on two other
  // pipes (Zen 3, n = 512, f16: 6.9 ticks a vector, then 5.8). A tile has enough for them.
  static Float difference(Float a, Float b, Float one) { return _mm256_fnmadd_ps(b, one, a); }
  static Float one() {
    Float value = _mm256_set1_ps(1.0F);
    asm("" : "+x"(value));  // g++ would see the subtraction in it
    return value;
  }
  static Float negate(Float v) { return _mm256_xor_ps(v, _mm256_set1_ps(-0.0F)); }
  static Float flip(Float v, const std::int8_t* signs) {
    const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(signs));
    const __m256i top = _mm256_and_si256(_mm256_cvtepi8_epi32(bytes),
                                         _mm256_set1_epi32(static_cast<int>(0x80000000U)));
    return _mm256_xor_ps(v, _mm256_castsi256_ps(top));
  }
  static Float broadcast_half(const float* p) {
    return _mm256_broadcast_ps(reinterpret_cast<const __m128*>(p));
  }
  // Sums of bf16 numbers to nearest, ties to even, in the upper halves. Their NaNs end in 16 zero
  // bits, as do those of invalid operations: adding half a unit leaves them NaN. Half a unit or one
  // bit less is a choice by the lowest bit that stays, in its sign: one operation less than adding
  // that bit.
  static __m256i rounded(Float v) {
    const __m256i bits = _mm256_castps_si256(v);
    const __m256 odd = _mm256_castsi256_ps(_mm256_slli_epi32(bits, 15));
    const __m256 below = _mm256_castsi256_ps(_mm256_set1_epi32(0x7FFF));
    const __m256 half = _mm256_castsi256_ps(_mm256_set1_epi32(0x8000));
    return _mm256_add_epi32(bits, _mm256_castps_si256(_mm256_blendv_ps(below, half, odd)));
  }
  static __m128i sum_to_bf16(Float v) {
    const __m256i high = _mm256_srli_epi32(rounded(v), 16);
    return _mm_packus_epi32(_mm256_castsi256_si128(high), _mm256_extracti128_si256(high, 1));
  }
  // Even (part 0) or odd elements of 16 bf16.
  template <int part>
  static Float load_split(const void* p) {
    const __m256i pairs = _mm256_loadu_si256(static_cast<const __m256i*>(p));
    const __m256i top = _mm256_set1_epi32(static_cast<int>(0xFFFF0000U));
    return _mm256_castsi256_ps(part == 0 ? _mm256_slli_epi32(pairs, 16)
                                         : _mm256_and_si256(pairs, top));
  }
  template <bool past_caches>
  static void store_split(void* p, Float even, Float odd) {
    const __m256i low = _mm256_srli_epi32(rounded(even), 16);
    const __m256i pairs = _mm256_blend_epi16(low, rounded(odd), 0b1010'1010);
    auto* to = static_cast<__m256i*>(p);
    past_caches ? _mm256_stream_si256(to, pairs) : _mm256_storeu_si256(to, pairs);
  }
  static void store_half(void* p, __m128i v) { _mm_storeu_si128(static_cast<__m128i*>(p), v); }
  static void stream(float* p, Float v) { _mm256_stream_ps(p, v); }
  static void stream_half(void* p, __m128i v) { _mm_stream_si128(static_cast<__m128i*>(p), v); }
  static void fence() { _mm_sfence(); }
};

}  // namespace

const HadamardSimd& hadamard_avx2() { return hadamard_simd<Typed<LaneAvx2>>; }

}  // namespace halfbyte::cpu::simd
