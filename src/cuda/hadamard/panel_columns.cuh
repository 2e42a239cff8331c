// H of a panel's columns in registers, and the way out: core/hadamard/panel.h.
#pragma once

#include "core/hadamard/panel.h"
#include "cuda/hadamard/transform.cuh"
#include "cuda/hadamard/vector.cuh"

namespace halfbyte::cuda::hadamard {

// H of pieces of 2^(4 + log2_groups) columns, divided by their number. Then v_r[group][4 h + i] is
// column 16 group + 4 t + i of row g + 8 h.
template <class Number, bool one_rounding, int log2_groups, int groups>
__device__ void transform_columns(int lane, float (&v_r)[groups][8]) {
  const auto of_numbers = map::column_signs(Number::power(4 + log2_groups), lane);
  const auto of_rests = map::column_signs(map::bf16_power(4 + log2_groups), lane);
#pragma unroll
  for (int group = 0; group < groups; ++group) {
    std::uint32_t a_r[4], rest_r[4];
#pragma unroll
    for (int r = 0; r < 4; ++r) {
      const float low = v_r[group][2 * r], high = v_r[group][2 * r + 1];
      a_r[r] = Number::pair(low, high);
      if constexpr (one_rounding) rest_r[r] = rest_pair<Number>(low, high, a_r[r]);
    }
#pragma unroll
    for (int tile = 0; tile < 2; ++tile) {
      float w_r[4];
      Number::multiply(w_r, a_r, of_numbers.word(tile, 0), of_numbers.word(tile, 1));
      if constexpr (one_rounding) {
        BF16::mma(w_r, rest_r, of_rests.word(tile, 0), of_rests.word(tile, 1));
      }
#pragma unroll
      for (int r = 0; r < 4; ++r) v_r[group][r / 2 * 4 + 2 * tile + r % 2] = w_r[r];
    }
  }
  map::transform_first_index(v_r, log2_groups);
}

// Where the 16 rows of a warp go of a piece.
struct PanelOut {
  std::int64_t y;            // offset in y of the first row's first element
  const std::int8_t* signs;  // of that element, or null; codes take none
  int rows;                  // that the panel has of the 16
};

// Numbers of a kind on their way out: four adjacent ones of a lane, and eight.
template <core::CodeKind kind>
struct Packed {
  static constexpr int bits = 8;
  using Four = std::uint32_t;
  using Eight = uint2;
};
template <>
struct Packed<core::CodeKind::none> {
  static constexpr int bits = 16;
  using Four = uint2;
  using Eight = uint4;
};
template <>
struct Packed<core::CodeKind::int4> {
  static constexpr int bits = 4;
  using Four = std::uint16_t;
  using Eight = std::uint32_t;
};

template <class Number, core::CodeKind kind>
__device__ typename Packed<kind>::Four pack_four(const float (&v)[4]) {
  using core::CodeKind;
  if constexpr (kind == CodeKind::none) {
    return {Number::pair(v[0], v[1]), Number::pair(v[2], v[3])};
  } else if constexpr (kind == CodeKind::int4) {
    return static_cast<std::uint16_t>(nibble(v[0]) | nibble(v[1]) << 4 | nibble(v[2]) << 8 |
                                      nibble(v[3]) << 12);
  } else {
    return four_codes<kind>(v[0], v[1], v[2], v[3]);
  }
}

// Flips eight numbers by the signs at signs_g.
__device__ inline void flip_eight(const std::int8_t* signs_g, uint4& eight) {
  const uint2 signs = *reinterpret_cast<const uint2*>(signs_g);
  eight.x ^= sign_masks<0>(signs.x);
  eight.y ^= sign_masks<2>(signs.x);
  eight.z ^= sign_masks<0>(signs.y);
  eight.w ^= sign_masks<2>(signs.y);
}

// Sums of a chunk of 64 columns, times `factor`, to the warp's 2 KB of shared memory.
template <class Number, core::CodeKind kind>
__device__ void stage_chunk(std::uint8_t* stage_s, float factor, int lane,
                            const float (&v_r)[4][8]) {
  auto* const fours_s = reinterpret_cast<typename Packed<kind>::Four*>(stage_s);
#pragma unroll
  for (int i = 0; i < 4; ++i) {
#pragma unroll
    for (int h = 0; h < 2; ++h) {
      float four_r[4];
#pragma unroll
      for (int e = 0; e < 4; ++e) four_r[e] = v_r[i][4 * h + e] * factor;
      const int half_unit = 4 * i + lane % 4;
      const int place = map::panel_out_place(lane / 4 + 8 * h, half_unit / 2, Packed<kind>::bits);
      fours_s[2 * place + half_unit % 2] = pack_four<Number, kind>(four_r);
    }
  }
}

// The chunk from there to y, eight elements a lane: lane l those of unit l % 8 of rows l / 8,
// l / 8 + 4 ...; `columns` of a row of the panel, `column` where the chunk begins.
template <core::CodeKind kind, int columns>
__device__ void store_chunk(const Args& a, const PanelOut& out, const std::uint8_t* stage_s,
                            int lane, int column) {
  using Eight = typename Packed<kind>::Eight;
  constexpr int bits = Packed<kind>::bits;
  const auto* const eights_s = reinterpret_cast<const Eight*>(stage_s);
  const int unit = lane % 8, first_row = lane / 8;
  Eight eights_r[4];
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    eights_r[i] = eights_s[map::panel_out_place(first_row + 4 * i, unit, bits)];
  }
  const int at = first_row * columns + 8 * unit + column;
  if constexpr (kind == core::CodeKind::none) {
    if (out.signs != nullptr) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        if (first_row + 4 * i >= out.rows) break;
        flip_eight(out.signs + at + 4 * i * columns, eights_r[i]);
      }
    }
  }
  auto* const to_g = static_cast<std::uint8_t*>(a.y) + ((out.y + at) * bits >> 3);
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    if (first_row + 4 * i < out.rows) {
      __stcs(reinterpret_cast<Eight*>(to_g + 4 * i * columns * bits / 8), eights_r[i]);
    }
  }
}

}  // namespace halfbyte::cuda::hadamard
