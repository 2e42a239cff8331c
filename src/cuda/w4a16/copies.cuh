// A warp's walk through the k blocks that it copies: pointers that advance, so that a block costs
// additions only. (Computing each address from the block's number took 150 of the 400 instructions
// of a block; one SM has about 410 for it at full bandwidth.) W and x walk apart: the first stages
// of W are copied before the kernel may look at x.
#pragma once

#include "cuda/w4a16/args.h"
#include "cuda/w4a16/stage.cuh"

namespace halfbyte::cuda::w4a16 {

// All at this lane's place in the block that is copied next.
template <class V>
struct WeightCopies {
  const std::uint8_t* codes_g[V::rows];
  // Scales, and zeros or offsets, change less often than blocks: at the first group's, and which
  // group's is made of the half block's number.
  const std::uint8_t* scales_g;
  const std::uint8_t* zeros_g;  // of no use where the zeros are the same everywhere
  std::uint32_t half_block;     // 2 * block, + 1 in lanes that fetch the second half's scales
};

// Bytes of a row of zeros: 8 lane groups, all four slabs of each at once, since 4 bytes is the
// smallest copy.
template <class V>
inline constexpr int zeros_row_bytes =
    V::weights == Weights::rounded ? static_cast<int>(core::slab16::row_columns) * 2
                                   : 8 * static_cast<int>(sizeof(typename V::Format::Zeros));

// The lane's part of a tile's scales: lanes 8 p + g fetch part p for lane group g.
template <class V>
__device__ bool fetches_scales(int lane) {
  return lane < 8 * V::segments * V::rows;
}

template <class V>
__device__ WeightCopies<V> weight_copies(const Args& a, const Tile& tile, Count block, int lane) {
  namespace layout = core::slab16;
  constexpr std::int64_t row_bytes = layout::row_slabs * V::block_bytes;  // of one block
  WeightCopies<V> c;
  const Count slab = tile.column / static_cast<Count>(layout::slab_columns);
  const Count row = slab / static_cast<Count>(layout::row_slabs);
  const Count in_row = slab % static_cast<Count>(layout::row_slabs);
#pragma unroll
  for (int r = 0; r < V::rows; ++r) {
    const std::int64_t blocks_before = static_cast<std::int64_t>(row + r) * a.k_blocks + block;
    c.codes_g[r] = a.codes + blocks_before * row_bytes + in_row * V::block_bytes + lane * 16;
  }
  const int part = lane / 8, g = lane % 8;
  c.half_block = static_cast<std::uint32_t>(2 * block + part % V::segments);
  const std::int64_t scale_row = (row + part / V::segments % V::rows) * a.scale_rows;
  const std::int64_t place = scale_row * layout::row_columns + g * 8 + in_row * 2;
  // Opaque, or each block makes these pointers anew from their parts.
  c.scales_g = ptx::opaque(reinterpret_cast<const std::uint8_t*>(a.scales + place));
  if constexpr (V::weights == Weights::rounded) {
    c.zeros_g = ptx::opaque(reinterpret_cast<const std::uint8_t*>(a.offsets + place));
  } else {
    c.zeros_g =
        ptx::opaque(a.zeros + scale_row * zeros_row_bytes<V> + g * (zeros_row_bytes<V> / 8));
  }
  return c;
}

template <class V>
__device__ void advance(WeightCopies<V>& c, Count blocks) {
  namespace layout = core::slab16;
  c.half_block += static_cast<std::uint32_t>(2 * blocks);
#pragma unroll
  for (int r = 0; r < V::rows; ++r) {
    c.codes_g[r] += static_cast<std::int64_t>(blocks) * (layout::row_slabs * V::block_bytes);
  }
}

// Starts them if `wanted`.
template <class V>
__device__ void start_copies(bool wanted, const Args& a, const WeightCopies<V>& c,
                             const Stage<V>& to, int lane) {
  namespace layout = core::slab16;
#pragma unroll
  for (int slab = 0; slab < V::slabs; ++slab) {
#pragma unroll
    for (int v = 0; v < V::vectors; ++v) {
      ptx::copy_16_bytes_async(
          wanted, to.codes(slab, v, lane),
          c.codes_g[slab / V::row_slabs] + slab % V::row_slabs * V::block_bytes + v * 512);
    }
  }
  wanted = wanted && fetches_scales<V>(lane);
  const int part = lane >> 3, g = lane & 7;
  const std::uint64_t group = c.half_block >> a.scale_shift;  // layout::scale_row
  constexpr int bytes = V::row_slabs * 4;
  ptx::copy_async<bytes>(wanted, to.scales(part) + g * bytes,
                         c.scales_g + group * (layout::row_columns * 2));
  if constexpr (V::weights == Weights::rounded) {
    ptx::copy_async<bytes>(wanted, to.zeros(part) + g * bytes,
                           c.zeros_g + group * zeros_row_bytes<V>);
  } else if constexpr (V::Format::has_zeros) {
    constexpr int size = zeros_row_bytes<V> / 8;
    ptx::copy_async<size>(wanted && a.zeros_differ, to.zeros(part) + g * size,
                          c.zeros_g + group * zeros_row_bytes<V>);
  }
}

// Rows that x does not have are not copied: what a lane finds in their place makes sums that nobody
// stores.
template <class V>
struct XCopies {
  const std::uint8_t* x_g;  // of the first octet; the others lie 8 rows further each
  Count rows;               // of x from the first octet's on
  Count left;               // elements from here to the row's end, less than 0 behind it
};

template <class V>
__device__ XCopies<V> x_copies(const Args& a, const Tile& tile, Count block, int lane) {
  const Count row = tile.row + lane / 4;
  const Count position = block * static_cast<Count>(core::slab16::block_k) + lane % 4 * 8;
  return {.x_g = static_cast<const std::uint8_t*>(a.x) + (row * a.x_row_stride + position) * 2,
          .rows = a.m - row,
          .left = a.k - position};
}

template <class V>
__device__ void advance(XCopies<V>& c, Count blocks) {
  const Count elements = blocks * static_cast<Count>(core::slab16::block_k);
  c.x_g += static_cast<std::int64_t>(elements) * 2;
  c.left -= elements;
}

template <class V>
__device__ void start_copies(bool wanted, const Args& a, const XCopies<V>& c, const Stage<V>& to,
                             int lane) {
  const std::int64_t octet_bytes = 16 * a.x_row_stride;
  const bool whole = c.left >= 40;  // both of the lane's 8 elements, 32 apart
#pragma unroll
  for (int o = 0; o < V::octets; ++o) {
    const bool copied = wanted && whole && 8 * o < c.rows;
    ptx::copy_16_bytes_async(copied, to.x(o, 0, lane), c.x_g + o * octet_bytes);
    ptx::copy_16_bytes_async(copied, to.x(o, 1, lane), c.x_g + o * octet_bytes + 64);
  }
  if (whole || !wanted) return;
  // Behind the row's end zeros are written and nothing is read.
#pragma unroll
  for (int o = 0; o < V::octets; ++o) {
    if (8 * o >= c.rows) continue;
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      ptx::copy_16_bytes_or_zeros_async(to.x(o, half, lane), c.x_g + o * octet_bytes + half * 64,
                                        2 * min(max(c.left - 32 * half, 0), 8));
    }
  }
}

}  // namespace halfbyte::cuda::w4a16
