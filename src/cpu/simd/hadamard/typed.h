// Loads and stores by element type, over an instruction set's own.
#pragma once

#include <cstddef>

#include "halfbyte/tensor.h"

namespace halfbyte::cpu::simd {

template <class Isa>
struct Typed : Isa {
  using Float = typename Isa::Float;

  template <DType T>
  static constexpr std::size_t bytes = T == DType::f32 ? 4 : 2;

  template <DType T>
  static Float load_as(const std::byte* p) {
    if constexpr (T == DType::f16) {
      return Isa::load_f16(p);
    } else if constexpr (T == DType::bf16) {
      return Isa::load_bf16(p);
    } else {
      return Isa::load(reinterpret_cast<const float*>(p));
    }
  }
  template <DType T>
  static void store_as(std::byte* p, Float v) {
    if constexpr (T == DType::f16) {
      Isa::store_half(p, Isa::to_f16(v));
    } else if constexpr (T == DType::bf16) {
      Isa::store_half(p, Isa::sum_to_bf16(v));
    } else {
      Isa::store(reinterpret_cast<float*>(p), v);
    }
  }
  template <DType T>
  static void stream_as(std::byte* p, Float v) {
    if constexpr (T == DType::f16) {
      Isa::stream_half(p, Isa::to_f16(v));
    } else if constexpr (T == DType::bf16) {
      Isa::stream_half(p, Isa::sum_to_bf16(v));
    } else {
      Isa::stream(reinterpret_cast<float*>(p), v);
    }
  }
};

}  // namespace halfbyte::cpu::simd
