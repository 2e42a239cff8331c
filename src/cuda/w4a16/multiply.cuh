// A warp multiplies one block: 64 k of its slabs with all octets of x.
#pragma once

#include <type_traits>

#include "cuda/w4a16/x_fragments.cuh"

namespace halfbyte::cuda::w4a16 {

// f32 sums of a tile: slab, octet, C register.
template <class V>
using Sums = float[V::slabs][V::octets][4];

// Scales (or offsets) of the lane's columns g and g + 8 of a slab.
struct ScalePair {
  float lower, upper;
};

// The 16-bit scales (or offsets) of all slabs for one segment. A branch outside costs less than
// two conversions and a choice for each.
template <class V>
__device__ void widen_scales(const std::uint32_t (&pairs)[V::slabs], bool are_bf16,
                             ScalePair (&wide)[V::slabs]) {
  if (are_bf16) {
#pragma unroll
    for (int slab = 0; slab < V::slabs; ++slab) {
      wide[slab] = {widen(static_cast<std::uint16_t>(pairs[slab]), true),
                    __uint_as_float(pairs[slab] & 0xffff0000u)};
    }
  } else {
#pragma unroll
    for (int slab = 0; slab < V::slabs; ++slab) {
      wide[slab] = {widen(static_cast<std::uint16_t>(pairs[slab]), false),
                    widen(static_cast<std::uint16_t>(pairs[slab] >> 16), false)};
    }
  }
}

// part_address(p): where part p of the stage begins.
template <class V, class F>
__device__ void read_scales(const F& part_address, int segment, int lane, bool are_bf16,
                            ScalePair (&wide)[V::slabs]) {
  std::uint32_t pairs[V::slabs];
#pragma unroll
  for (int row = 0; row < V::rows; ++row) {
    std::uint32_t words[V::row_slabs];
    ptx::load_shared(part_address(row * V::segments + segment) + (lane >> 2) * (V::row_slabs * 4),
                     words);
#pragma unroll
    for (int i = 0; i < V::row_slabs; ++i) pairs[row * V::row_slabs + i] = words[i];
  }
  widen_scales<V>(pairs, are_bf16, wide);
}

// The zeros of a lane's columns in the tile's rows of 64 columns, for each segment.
template <class V>
using Zeros = typename V::Format::Zeros[V::segments][V::rows];

template <class V>
__device__ void same_zeros(const Args& a, Zeros<V>& zeros_r) {
#pragma unroll
  for (int segment = 0; segment < V::segments; ++segment) {
#pragma unroll
    for (int row = 0; row < V::rows; ++row) {
      zeros_r[segment][row] = static_cast<typename V::Format::Zeros>(a.same_zeros);
    }
  }
}

// `first` is the tile's first slab in its row: the fields begin with its.
template <class V>
__device__ void read_zeros(const Stage<V>& stage, int first, int lane, Zeros<V>& zeros_r) {
  using Word = typename V::Format::Zeros;
#pragma unroll
  for (int segment = 0; segment < V::segments; ++segment) {
#pragma unroll
    for (int row = 0; row < V::rows; ++row) {
      std::uint32_t words[sizeof(Word) / 4];
      ptx::load_shared(
          stage.zeros(row * V::segments + segment) + (lane >> 2) * static_cast<int>(sizeof(Word)),
          words);
      Word zeros = words[0];
      if constexpr (sizeof(Word) == 8) zeros |= static_cast<Word>(words[1]) << 32;
      zeros_r[segment][row] = zeros >> (2 * V::Format::code_bits * first);
    }
  }
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

// A block's codes of one row of 64 columns. The first row's are loaded ahead of the addresses of
// the next copies, which hide the loads.
template <class V>
struct Codes {
  std::uint32_t words_r[V::row_slabs][V::vectors][4];
};

template <class V>
__device__ void read_codes(const Stage<V>& stage, int row, int lane, Codes<V>& codes) {
#pragma unroll
  for (int slab = 0; slab < V::row_slabs; ++slab) {
#pragma unroll
    for (int v = 0; v < V::vectors; ++v) {
      ptx::load_shared(stage.codes(row * V::row_slabs + slab, v, lane), codes.words_r[slab][v]);
    }
  }
}

// `codes`: those of the first row.
template <class V>
__device__ void multiply_block(const Args& args, const Stage<V>& stage, Codes<V>& codes,
                               const XFragments<V>& x, const Zeros<V>& zeros_r, int lane,
                               Sums<V>& sums_r) {
  using Number = typename V::Number;
  ScalePair scales_r[V::segments][V::slabs], offsets_r[V::segments][V::slabs];
#pragma unroll
  for (int segment = 0; segment < V::segments; ++segment) {
    read_scales<V>([&](int part) { return stage.scales(part); }, segment, lane,
                   args.scales_are_bf16, scales_r[segment]);
    if constexpr (V::weights == Weights::rounded) {
      read_scales<V>([&](int part) { return stage.zeros(part); }, segment, lane,
                     args.scales_are_bf16, offsets_r[segment]);
    }
  }

#pragma unroll
  for (int slab = 0; slab < V::slabs; ++slab) {
    const int in_row = slab % V::row_slabs;
    if (slab > 0 && in_row == 0) read_codes<V>(stage, slab / V::row_slabs, lane, codes);
    float group_r[V::octets][4] = {};  // sums of one group, before its scale
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int segment = half * (V::segments - 1);
      const ScalePair& scale = scales_r[segment][slab];
      const auto bias = V::Format::bias(Number{}, zeros_r[segment][slab / V::row_slabs], in_row);
#pragma unroll
      for (int u = 0; u < 2; ++u) {
        const int word = (2 * half + u) * V::vectors;  // a step's first
        std::uint32_t a_r[4];
        V::Format::dequant(Number{}, &codes.words_r[in_row][word / 4][word % 4], bias, a_r);
        if constexpr (V::weights == Weights::rounded) {
          apply_scale<V>(scale, offsets_r[segment][slab], args.offsets_are_minima, a_r);
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
