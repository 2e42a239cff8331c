// A warp multiplies one block: 64 k of its slabs with all octets of x.
#pragma once

#include <type_traits>

#include "cuda/w4a16/x_fragments.cuh"

namespace halfbyte::cuda::w4a16 {

// f32 sums of a tile: slab, octet, C register.
template <class V>
using Sums = float[V::slabs][V::octets][4];

// Scales of the lane's columns g and g + 8.
struct ScalePair {
  float lower, upper;
};

__device__ inline ScalePair widen_pair(std::uint32_t pair, bool is_bf16) {
  return {widen(static_cast<std::uint16_t>(pair), is_bf16),
          widen(static_cast<std::uint16_t>(pair >> 16), is_bf16)};
}

// The 16-bit scales (or offsets) of a slab and segment, as they lie in a row: 2 for each slab.
template <class V>
__device__ ScalePair read_scales(const std::uint8_t* row_s, int slab, int lane, bool is_bf16) {
  return widen_pair(
      *reinterpret_cast<const std::uint32_t*>(row_s + lane / 4 * (V::slabs * 4) + slab * 4),
      is_bf16);
}

// round16 of a weight that f32 cannot hold must not round twice: this rounds to odd, after which
// rounding to 16 bits gives what rounding once would (Boldo and Melquiond, 2008).
__device__ inline float to_odd(float down, float up) {
  return (__float_as_uint(down) & 1u) != 0 || down == up ? down : up;
}

__device__ inline float weight_value(float code, float scale, float offset, bool is_minimum) {
  if (is_minimum) return to_odd(__fmaf_rd(code, scale, offset), __fmaf_ru(code, scale, offset));
  const float difference = to_odd(__fsub_rd(code, offset), __fsub_ru(code, offset));
  return to_odd(__fmul_rd(difference, scale), __fmul_ru(difference, scale));
}

// A registers of integer codes to A registers of whole weights.
template <class V>
__device__ void apply_scale(const ScalePair& scale, const ScalePair& offset, bool is_minimum,
                            std::uint32_t (&a)[4]) {
  constexpr bool is_bf16 = V::Number::dtype == DType::bf16;
#pragma unroll
  for (int r = 0; r < 4; ++r) {
    const float s = r % 2 == 0 ? scale.lower : scale.upper;
    const float o = r % 2 == 0 ? offset.lower : offset.upper;
    a[r] = V::Number::pair(
        weight_value(widen(static_cast<std::uint16_t>(a[r]), is_bf16), s, o, is_minimum),
        weight_value(widen(static_cast<std::uint16_t>(a[r] >> 16), is_bf16), s, o, is_minimum));
  }
}

template <class V>
__device__ void multiply_block(const Args& args, const Stage<V>& stage, const XFragments<V>& x,
                               int first_slab_in_row, int lane, Sums<V>& sums_r) {
  using Format = typename V::Format;
  using Number = typename V::Number;
  using Zeros = typename Format::Zeros;
  Zeros zeros_r[V::segments];
#pragma unroll
  for (int segment = 0; segment < V::segments; ++segment) {
    zeros_r[segment] = static_cast<Zeros>(args.same_zeros);
    if constexpr (V::weights == Weights::exact && Format::has_zeros) {
      if (args.zeros != nullptr) {
        zeros_r[segment] = reinterpret_cast<const Zeros*>(stage.zeros(segment))[lane / 4] >>
                           (2 * Format::code_bits * first_slab_in_row);
      }
    }
  }

#pragma unroll
  for (int slab = 0; slab < V::slabs; ++slab) {
    std::uint32_t codes_r[V::vectors * 4];
#pragma unroll
    for (int v = 0; v < V::vectors; ++v) {
      const uint4 words = *reinterpret_cast<const uint4*>(stage.codes(slab, v, lane));
      codes_r[4 * v] = words.x;
      codes_r[4 * v + 1] = words.y;
      codes_r[4 * v + 2] = words.z;
      codes_r[4 * v + 3] = words.w;
    }
    float group_r[V::octets][4] = {};  // sums of one group, before its scale
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int segment = half * (V::segments - 1);
      const ScalePair scale =
          read_scales<V>(stage.scales(segment), slab, lane, args.scales_are_bf16);
      const auto bias = Format::bias(Number{}, zeros_r[segment], slab);
#pragma unroll
      for (int u = 0; u < 2; ++u) {
        std::uint32_t a_r[4];
        Format::dequant(Number{}, codes_r + (2 * half + u) * V::vectors, bias, a_r);
        if constexpr (V::weights == Weights::rounded) {
          const ScalePair offset =
              read_scales<V>(stage.zeros(segment), slab, lane, args.scales_are_bf16);
          apply_scale<V>(scale, offset, args.offsets_are_minima, a_r);
        }
#pragma unroll
        for (int o = 0; o < V::octets; ++o) {
          Number::mma(group_r[o], a_r, x.words_r[o][half][2 * u], x.words_r[o][half][2 * u + 1]);
        }
      }
      if (half == 0 && V::segments == 1) continue;
#pragma unroll
      for (int o = 0; o < V::octets; ++o) {
#pragma unroll
        for (int c = 0; c < 4; ++c) {
          const float factor = V::weights == Weights::rounded ? 1.0F
                               : c < 2                        ? scale.lower
                                                              : scale.upper;
          sums_r[slab][o][c] = fmaf(factor, group_r[o][c], sums_r[slab][o][c]);
          group_r[o][c] = 0;
        }
      }
    }
  }
}

}  // namespace halfbyte::cuda::w4a16
