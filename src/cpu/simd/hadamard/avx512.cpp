#include "cpu/simd/hadamard/columns.h"
#include "cpu/simd/hadamard/typed.h"
#include "cpu/simd/isa_avx512.h"

namespace halfbyte::cpu::simd {
namespace {

struct LaneAvx512 : Avx512 {
  static constexpr int lane_bits = 4;

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
  static Float negate(Float v) { return _mm512_xor_ps(v, _mm512_set1_ps(-0.0F)); }
  static Float flip(Float v, const std::int8_t* signs) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(signs));
    const __m512i top = _mm512_and_si512(_mm512_cvtepi8_epi32(bytes),
                                         _mm512_set1_epi32(static_cast<int>(0x80000000U)));
    return _mm512_xor_ps(v, _mm512_castsi512_ps(top));
  }
  static void stream(float* p, Float v) { _mm512_stream_ps(p, v); }
  static void stream_half(void* p, __m256i v) { _mm256_stream_si256(static_cast<__m256i*>(p), v); }
  static void fence() { _mm_sfence(); }
};

}  // namespace

const HadamardSimd& hadamard_avx512() { return hadamard_simd<Typed<LaneAvx512>>; }

}  // namespace halfbyte::cpu::simd
