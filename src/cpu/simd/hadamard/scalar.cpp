#include "cpu/simd/hadamard/columns.h"
#include "cpu/simd/hadamard/typed.h"
#include "cpu/simd/isa_scalar.h"

namespace halfbyte::cpu::simd {
namespace {

struct LaneScalar : Scalar {
  static constexpr int lane_bits = 3;
  static constexpr int tile_log_vectors = 4;

  // Lanes i and i ^ distance change places.
  template <int distance>
  static Float exchange(Float v) {
    constexpr int d = distance;
    return __builtin_shufflevector(v, v, 0 ^ d, 1 ^ d, 2 ^ d, 3 ^ d, 4 ^ d, 5 ^ d, 6 ^ d, 7 ^ d);
  }
  // -1 in the lanes whose number has the bit, else 1.
  template <int bit>
  static Float alternate() {
    Float v;
    for (int i = 0; i < lanes; ++i) v[i] = (i & bit) != 0 ? -1.0F : 1.0F;
    return v;
  }
  static Float difference(Float a, Float b, Float) { return a - b; }
  static Float one() { return set(1); }
  static Float negate(Float v) { return -v; }
  static Float flip(Float v, const std::int8_t* signs) {
    for (int i = 0; i < lanes; ++i) v[i] = signs[i] < 0 ? -v[i] : v[i];
    return v;
  }
  // Without an instruction set in particular there are no stores past the caches.
  struct Half {
    std::uint16_t bits[lanes];
  };
  static Half to_f16(Float v) {
    Half half;
    store_f16(half.bits, v);
    return half;
  }
  static Half sum_to_bf16(Float v) {
    Half half;
    store_bf16(half.bits, v);
    return half;
  }
  static Float broadcast_half(const float* p) {
    Float v;
    for (int i = 0; i < lanes; ++i) v[i] = p[i % (lanes / 2)];
    return v;
  }
  // The natural order is as good as any.
  template <int part>
  static Float load_split(const void* p) {
    return load_bf16(static_cast<const std::byte*>(p) + part * sizeof(Half));
  }
  template <bool past_caches>
  static void store_split(void* p, Float a, Float b) {
    store_bf16(p, a);
    store_bf16(static_cast<std::byte*>(p) + sizeof(Half), b);
  }
  static void stream(float* p, Float v) { store(p, v); }
  static void store_half(void* p, Half v) { std::memcpy(p, v.bits, sizeof v.bits); }
  static void stream_half(void* p, Half v) { store_half(p, v); }
  static void fence() {}
};

}  // namespace

const HadamardSimd& hadamard_scalar() { return hadamard_simd<Typed<LaneScalar>>; }

}  // namespace halfbyte::cpu::simd
