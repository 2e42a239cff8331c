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
  // Scales change less often than blocks, so their place is made of the half block's number.
  Count half_block;               // 2 * block, + 1 in lanes that fetch the second half's scales
  Count scale_row;                // the first of the lane's row of 64 columns, among all
  const std::uint16_t* scales_g;  // the lane's columns in row 0
};

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
  const int part = lane / 8;
  c.half_block = 2 * block + part % V::segments;
  c.scale_row = (row + part / V::segments % V::rows) * static_cast<Count>(a.scale_rows);
  c.scales_g = a.scales + (lane % 8 * 8 + in_row * 2);
  return c;
}

template <class V>
__device__ void advance(WeightCopies<V>& c, Count blocks) {
  namespace layout = core::slab16;
  c.half_block += 2 * blocks;
#pragma unroll
  for (int r = 0; r < V::rows; ++r) {
    c.codes_g[r] += static_cast<std::int64_t>(blocks) * (layout::row_slabs * V::block_bytes);
  }
}

template <class V>
__device__ void start_copies(const Args& a, const WeightCopies<V>& c, const Stage<V>& to,
                             int lane) {
  namespace layout = core::slab16;
#pragma unroll
  for (int slab = 0; slab < V::slabs; ++slab) {
#pragma unroll
    for (int v = 0; v < V::vectors; ++v) {
      ptx::copy_16_bytes_async(
          to.codes(slab, v, lane),
          c.codes_g[slab / V::row_slabs] + slab % V::row_slabs * V::block_bytes + v * 512);
    }
  }
  if (!fetches_scales<V>(lane)) return;
  const int part = lane / 8, g = lane % 8;
  const std::int64_t row = c.scale_row + (c.half_block >> a.scale_shift);  // layout::scale_row
  const std::int64_t place = row * layout::row_columns;
  constexpr int bytes = V::row_slabs * 4;
  ptx::copy_async<bytes>(to.scales(part) + g * bytes, c.scales_g + place);
  if constexpr (V::weights == Weights::rounded) {
    ptx::copy_async<bytes>(to.zeros(part) + g * bytes, a.offsets + (c.scales_g - a.scales) + place);
  } else if constexpr (V::Format::has_zeros) {
    if (a.zeros != nullptr) {
      // All four slabs of the row at once: 4 bytes is the smallest copy.
      constexpr int size = sizeof(typename V::Format::Zeros);
      ptx::copy_async<size>(to.zeros(part) + g * size, a.zeros + (row * 8 + g) * size);
    }
  }
}

template <class V>
struct XCopies {
  const std::uint8_t* x_g;            // of the first octet; the others lie 8 rows further each
  std::int32_t row_bytes[V::octets];  // 16, or 0 where x has no such row: then zeros are written
  Count left;                         // elements from here to the row's end, less than 0 behind it
};

template <class V>
__device__ XCopies<V> x_copies(const Args& a, const Tile& tile, Count block, int lane) {
  XCopies<V> c;
  const Count row = tile.row + lane / 4;
  const Count position = block * static_cast<Count>(core::slab16::block_k) + lane % 4 * 8;
  c.x_g = static_cast<const std::uint8_t*>(a.x) + (row * a.x_row_stride + position) * 2;
#pragma unroll
  for (int o = 0; o < V::octets; ++o) c.row_bytes[o] = row + 8 * o < a.m ? 16 : 0;
  c.left = a.k - position;
  return c;
}

template <class V>
__device__ void advance(XCopies<V>& c, Count blocks) {
  const Count elements = blocks * static_cast<Count>(core::slab16::block_k);
  c.x_g += static_cast<std::int64_t>(elements) * 2;
  c.left -= elements;
}

// Of a row or an element that x does not have nothing is read, wherever its address points.
template <class V>
__device__ void start_copies(const Args& a, const XCopies<V>& c, const Stage<V>& to, int lane) {
  const std::int64_t octet_bytes = 16 * a.x_row_stride;
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const std::int32_t bytes = 2 * min(max(c.left - 32 * half, 0), 8);
#pragma unroll
    for (int o = 0; o < V::octets; ++o) {
      ptx::copy_16_bytes_or_zeros_async(to.x(o, half, lane), c.x_g + o * octet_bytes + half * 64,
                                        min(bytes, c.row_bytes[o]));
    }
  }
}

}  // namespace halfbyte::cuda::w4a16
