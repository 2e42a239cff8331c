#include "cpu/simd/hadamard/columns.h"
#include "cpu/simd/hadamard/typed.h"
#include "cpu/simd/isa_avx512.h"

namespace halfbyte::cpu::simd {
namespace {

struct LaneAvx512 : Avx512 {
  static constexpr int lane_bits = 4;
  static constexpr int tile_log_vectors = 4;

  // Lanes i and i ^ distance change places.
  template <int distance>
  static Float exchange(Float v) {
    if constexpr (distance == 1) return _mm512_permute_ps(v, 0b10'11'00'01);
    if constexpr (distance == 2) return _mm512_permute_ps(v, 0b01'00'11'10);
    if constexpr (distance == 4) return _mm512_shuffle_f32x4(v, v, 0b10'11'00'01);
    if constexpr (distance == 8) return _mm512_shuffle_f32x4(v, v, 0b01'00'11'10);
  }
  // -1 in the lanes whose number has the bit, else 1.
  template <int bit>
  static Float alternate() {
    constexpr __mmask16 lanes_with[] = {0, 0xAAAA, 0xCCCC, 0, 0xF0F0, 0, 0, 0, 0xFF00};
    return _mm512_mask_blend_ps(lanes_with[bit], _mm512_set1_ps(1.0F), _mm512_set1_ps(-1.0F));
  }
  // a - b by the multipliers: in a pass they have nothing else to do, and AMD adds on two other
  // pipes (Zen 3, n = 512, f16: 6.9 cycles a vector, then 5.8). A tile has enough for them.
  static Float difference(Float a, Float b, Float one) { return _mm512_fnmadd_ps(b, one, a); }
  static Float one() {
    Float value = _mm512_set1_ps(1.0F);
    asm("" : "+v"(value));  // g++ would see the subtraction in it
    return value;
  }
  static Float negate(Float v) { return _mm512_xor_ps(v, _mm512_set1_ps(-0.0F)); }
  static Float flip(Float v, const std::int8_t* signs) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(signs));
    const __m512i top = _mm512_and_si512(_mm512_cvtepi8_epi32(bytes),
                                         _mm512_set1_epi32(static_cast<int>(0x80000000U)));
    return _mm512_xor_ps(v, _mm512_castsi512_ps(top));
  }
  static Float broadcast_half(const float* p) { return _mm512_broadcast_f32x8(_mm256_loadu_ps(p)); }
  // Sums of bf16 numbers to nearest, ties to even, in the upper halves. Their NaNs end in 16 zero
  // bits, as do those of invalid operations: adding half a unit leaves them NaN.
  static __m512i rounded(Float v) {
    const __m512i bits = _mm512_castps_si512(v);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    return _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7FFF)));
  }
  static __m256i sum_to_bf16(Float v) {
    return _mm512_cvtepi32_epi16(_mm512_srli_epi32(rounded(v), 16));
  }
  // Even (part 0) or odd elements of 32 bf16.
  template <int part>
  static Float load_split(const void* p) {
    const __m512i pairs = _mm512_loadu_si512(p);
    const __m512i top = _mm512_set1_epi32(static_cast<int>(0xFFFF0000U));
    return _mm512_castsi512_ps(part == 0 ? _mm512_slli_epi32(pairs, 16)
                                         : _mm512_and_si512(pairs, top));
  }
  template <bool past_caches>
  static void store_split(void* p, Float even, Float odd) {
    const __m512i low = _mm512_srli_epi32(rounded(even), 16);
    const __m512i pairs = _mm512_mask_blend_epi16(0xAAAAAAAA, low, rounded(odd));
    past_caches ? _mm512_stream_si512(static_cast<__m512i*>(p), pairs)
                : _mm512_storeu_si512(p, pairs);
  }
  static void store_half(void* p, __m256i v) { _mm256_storeu_si256(static_cast<__m256i*>(p), v); }
  static void stream(float* p, Float v) { _mm512_stream_ps(p, v); }
  static void stream_half(void* p, __m256i v) { _mm256_stream_si256(static_cast<__m256i*>(p), v); }
  static void fence() { _mm_sfence(); }
};

}  // namespace

const HadamardSimd& hadamard_avx512() { return hadamard_simd<Typed<LaneAvx512>>; }

}  // namespace halfbyte::cpu::simd
