// x as the B operands of a block's four matrix steps: lane 4g + t holds, of row g of each octet,
// the 8 positions 32 h + 8 t + (0 ... 7) for h = 0, 1 as two times four registers. Registers 2u and
// 2u + 1 of half h are B registers 0 and 1 of step 2h + u.
#pragma once

#include <cstdint>

#include "cuda/w4a16/args.h"
#include "cuda/w4a16/copies.cuh"

namespace halfbyte::cuda::w4a16 {

template <class V>
struct XFragments {
  std::uint32_t words_r[V::octets][2][4];
};

template <class V>
__device__ void read_x(const Stage<V>& stage, int lane, XFragments<V>& x) {
#pragma unroll
  for (int o = 0; o < V::octets; ++o) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      ptx::load_shared(stage.x(o, half, lane), x.words_r[o][half]);
    }
  }
}

constexpr std::int64_t no_element = INT64_MIN;  // not -1, an offset where strides are negative

// Element by element, zero where W has padding or x no row. Loads only: nothing waits for them
// until the words are used, one block later.
template <class V>
__device__ void gather_x(const Args& a, const Tile& tile, Count block, int lane, XFragments<V>& x) {
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const std::int64_t position =
        static_cast<std::int64_t>(block) * core::slab16::block_k + half * 32 + lane % 4 * 8;
    std::int64_t element[8];  // offset in its row of x
#pragma unroll
    for (int e = 0; e < 8; ++e) {
      const std::int64_t row_of_w = a.source != nullptr  ? a.source[position + e]
                                    : position + e < a.k ? position + e
                                                         : -1;
      element[e] = row_of_w < 0 ? no_element : row_of_w * a.x_column_stride;
    }
#pragma unroll
    for (int o = 0; o < V::octets; ++o) {
      const Count row = tile.row + 8 * o + lane / 4;
      const auto* row_g = static_cast<const std::uint16_t*>(a.x) + row * a.x_row_stride;
      std::uint16_t values[8];
#pragma unroll
      for (int e = 0; e < 8; ++e) {
        values[e] = row < a.m && element[e] != no_element ? row_g[element[e]] : std::uint16_t{0};
      }
#pragma unroll
      for (int w = 0; w < 4; ++w) {
        x.words_r[o][half][w] = values[2 * w] | static_cast<std::uint32_t>(values[2 * w + 1]) << 16;
      }
    }
  }
}

}  // namespace halfbyte::cuda::w4a16
