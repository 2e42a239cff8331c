// A warp's walk through the k blocks that it copies: pointers that advance, so that a block costs
// additions only. (Computing each address from the block's number took 150 of the 400 instructions
// of a block; one SM has about 410 for it at full bandwidth.)
#pragma once

#include "cuda/w4a16/args.h"
#include "cuda/w4a16/stage.cuh"

namespace halfbyte::cuda::w4a16 {

template <class V>
struct Copies {
  // All at this lane's place in block `block`.
  Count block;
  const std::uint8_t* codes_g[V::rows];
  const std::uint8_t* x_g;            // of the first octet; the others lie 8 rows further each
  std::int32_t row_bytes[V::octets];  // 16, or 0 where x has no such row: then zeros are written
  // Not advanced, since scales change less often than blocks: the lane's first row of scales among
  // all, and its place in a row.
  Count scale_row;
  std::int32_t in_scale_row;
};

// The lane's part of a tile's scales: lanes 8 p + g fetch part p for lane group g.
template <class V>
__device__ bool fetches_scales(int lane) {
  return lane < 8 * V::segments * V::rows;
}

template <class V>
__device__ Copies<V> copies_from(const Args& a, const Tile& tile, Count block, int lane) {
  namespace layout = core::slab16;
  constexpr std::int64_t row_bytes = layout::row_slabs * V::block_bytes;  // of one block
  Copies<V> c;
  c.block = block;
  const Count slab = tile.column / static_cast<Count>(layout::slab_columns);
  const Count row = slab / static_cast<Count>(layout::row_slabs);
  const Count in_row = slab % static_cast<Count>(layout::row_slabs);
#pragma unroll
  for (int r = 0; r < V::rows; ++r) {
    const std::int64_t blocks_before = static_cast<std::int64_t>(row + r) * a.k_blocks + block;
    c.codes_g[r] = a.codes + blocks_before * row_bytes + in_row * V::block_bytes + lane * 16;
  }
  if constexpr (V::x_path == XPath::copied) {
    const Count x_row = tile.row + lane / 4;
    c.x_g = static_cast<const std::uint8_t*>(a.x) +
            (x_row * a.x_row_stride + static_cast<std::int64_t>(block) * layout::block_k +
             lane % 4 * 8) *
                2;
#pragma unroll
    for (int o = 0; o < V::octets; ++o) c.row_bytes[o] = x_row + 8 * o < a.m ? 16 : 0;
  }
  const Count part_row = row + lane / 8 / V::segments % V::rows;
  c.scale_row = part_row * static_cast<Count>(a.scale_rows);
  c.in_scale_row = lane % 8 * 8 + in_row * 2;
  return c;
}

// `blocks` further.
template <class V>
__device__ void advance(Copies<V>& c, Count blocks) {
  namespace layout = core::slab16;
  c.block += blocks;
#pragma unroll
  for (int r = 0; r < V::rows; ++r) {
    c.codes_g[r] += static_cast<std::int64_t>(blocks) * (layout::row_slabs * V::block_bytes);
  }
  if constexpr (V::x_path == XPath::copied) {
    c.x_g += static_cast<std::int64_t>(blocks) * (layout::block_k * 2);
  }
}

// Bytes of the lane's 16 that exist in the block within which k ends.
__device__ inline std::int32_t bytes_before_the_end(const Args& a, int half, int lane) {
  const std::int32_t left =
      a.k % static_cast<Count>(core::slab16::block_k) - half * 32 - lane % 4 * 8;
  return left >= 8 ? 16 : left > 0 ? left * 2 : 0;
}

// Starts the copies for the block that `c` is at; the caller closes the group.
template <class V>
__device__ void start_copies(const Args& a, const Copies<V>& c, const Stage<V>& to, int lane) {
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
  if constexpr (V::x_path == XPath::copied) {
    // Of a row or an element that x does not have nothing is read, wherever its address points.
    const std::int64_t octet_bytes = 16 * a.x_row_stride;
    if (c.block < a.k / static_cast<Count>(layout::block_k)) {
#pragma unroll
      for (int o = 0; o < V::octets; ++o) {
        const std::uint8_t* from = c.x_g + o * octet_bytes;
        ptx::copy_16_bytes_or_zeros_async(to.x(o, 0, lane), from, c.row_bytes[o]);
        ptx::copy_16_bytes_or_zeros_async(to.x(o, 1, lane), from + 64, c.row_bytes[o]);
      }
    } else {
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const std::int32_t valid = bytes_before_the_end(a, half, lane);
#pragma unroll
        for (int o = 0; o < V::octets; ++o) {
          ptx::copy_16_bytes_or_zeros_async(to.x(o, half, lane),
                                            c.x_g + o * octet_bytes + half * 64,
                                            valid < c.row_bytes[o] ? valid : c.row_bytes[o]);
        }
      }
    }
  }
  if (!fetches_scales<V>(lane)) return;
  const int part = lane / 8, g = lane % 8;
  const std::int64_t row =  // layout::scale_row
      c.scale_row + ((2 * c.block + part % V::segments) >> a.scale_shift);
  const std::int64_t place = row * layout::row_columns + c.in_scale_row;
  constexpr int bytes = V::row_slabs * 4;
  ptx::copy_async<bytes>(to.scales(part) + g * bytes, a.scales + place);
  if constexpr (V::weights == Weights::rounded) {
    ptx::copy_async<bytes>(to.zeros(part) + g * bytes, a.offsets + place);
  } else if constexpr (V::Format::has_zeros) {
    if (a.zeros != nullptr) {
      // All four slabs of the row at once: 4 bytes is the smallest copy.
      constexpr int size = sizeof(typename V::Format::Zeros);
      ptx::copy_async<size>(to.zeros(part) + g * size, a.zeros + (row * 8 + g) * size);
    }
  }
}

}  // namespace halfbyte::cuda::w4a16
