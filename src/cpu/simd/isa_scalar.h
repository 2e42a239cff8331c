// No instruction set in particular: the compiler's own vectors of 8 floats. Panels only.
#pragma once

#include <cstdint>
#include <cstring>

#include "halfbyte/numeric.h"

namespace halfbyte::cpu::simd {

struct Scalar {
  static constexpr int lanes = 8;
  static constexpr int vectors = 2;
  static constexpr int panel_rows = 4;

  using Float = float __attribute__((vector_size(32)));
  using Int = std::int32_t __attribute__((vector_size(32)));
  using Bytes = Int;

  static Float zero() { return Float{}; }
  static Float set(float v) { return Float{} + v; }
  static Float load(const float* p) {
    Float v;
    std::memcpy(&v, p, sizeof v);
    return v;
  }
  static void store(float* p, Float v) { std::memcpy(p, &v, sizeof v); }
  static Float broadcast(const float* p) { return set(*p); }
  static Float fma(Float a, Float b, Float c) { return a * b + c; }
  static Float sub_product(Float c, Float a, Float b) { return c - a * b; }
  static Float add(Float a, Float b) { return a + b; }
  static Float sub(Float a, Float b) { return a - b; }
  static Float mul(Float a, Float b) { return a * b; }

  template <class Widen>
  static Float widen(const void* p, Widen&& element) {
    Float v;
    for (int i = 0; i < lanes; ++i) v[i] = element(p, i);
    return v;
  }
  static Float load_f16(const void* p) {
    return widen(p, [](const void* q, int i) {
      return f16_to_f32(static_cast<const std::uint16_t*>(q)[i]);
    });
  }
  static Float load_bf16(const void* p) {
    return widen(p, [](const void* q, int i) {
      return bf16_to_f32(static_cast<const std::uint16_t*>(q)[i]);
    });
  }
  static Float load_u8(const void* p) {
    return widen(p, [](const void* q, int i) {
      return static_cast<float>(static_cast<const std::uint8_t*>(q)[i]);
    });
  }
  static void store_f16(void* p, Float v) {
    for (int i = 0; i < lanes; ++i) static_cast<std::uint16_t*>(p)[i] = f32_to_f16(v[i]);
  }
  static void store_bf16(void* p, Float v) {
    for (int i = 0; i < lanes; ++i) static_cast<std::uint16_t*>(p)[i] = f32_to_bf16(v[i]);
  }

  static Bytes load_codes(const std::uint8_t* p) {
    Bytes v;
    std::memcpy(&v, p, sizeof v);
    return v;
  }
  static Float field(Bytes v, int shift, int mask) {
    return __builtin_convertvector(v >> shift & mask, Float);
  }
  static Float field_look_up(Bytes v, int shift, const float* table) {
    const Bytes q = v >> shift & 15;
    Float out;
    for (int i = 0; i < lanes; ++i) out[i] = table[q[i]];
    return out;
  }
};

}  // namespace halfbyte::cpu::simd
