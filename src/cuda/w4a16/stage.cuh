// A stage: what a warp needs for one block of 64 k, brought by asynchronous copies into a ring of
// its own. Codes and x are copied by the lane that will read them, so that a lane waits for its own
// copies only; scales and zeros are shared by the warp, hence the __syncwarp after the wait.
//
//   [ codes: slab, vector, lane x 16 B | x: octet, half, lane x 16 B | scales: segment, g | zeros ]
#pragma once

#include "core/layout/slab16.h"
#include "cuda/ptx.cuh"
#include "cuda/w4a16/args.h"
#include "cuda/w4a16/variant.h"

namespace halfbyte::cuda::w4a16 {

template <class V>
struct Stage {
  std::uint8_t* base_s;

  __device__ std::uint8_t* codes(int slab, int vector, int lane) const {
    return base_s + (slab * V::vectors + vector) * 512 + lane * 16;
  }
  __device__ std::uint8_t* x(int octet, int half, int lane) const {
    return base_s + V::codes_bytes + (octet * 2 + half) * 512 + lane * 16;
  }
  __device__ std::uint8_t* scales(int segment) const {
    return base_s + V::codes_bytes + V::x_bytes + segment * V::scale_row_bytes;
  }
  __device__ std::uint8_t* zeros(int segment) const {
    return base_s + V::codes_bytes + V::x_bytes + V::scales_bytes + segment * V::zero_row_bytes;
  }
};

// Where a warp's copies for one tile come from.
template <class V>
struct Source {
  const std::uint8_t* codes_g;  // this lane's bytes of block 0 of the tile's first slab
  const std::uint16_t* scales_g;
  const std::uint16_t* offsets_g;
  const std::uint8_t* zeros_g;
  const std::uint8_t* x_g[V::octets];  // this lane's row and k position of block 0
  bool row_exists[V::octets];
};

template <class V>
__device__ Source<V> source_of(const Args& a, const core::TileGrid::Tile& tile, int lane) {
  namespace layout = core::slab16;
  Source<V> s;
  const std::int64_t slab = tile.column / layout::slab_columns;
  s.codes_g = a.codes + slab * a.k_blocks * V::block_bytes + lane * 16;
  // Of a row of 64 columns: the one of lane group `lane` % 8, from the tile's first slab on.
  const std::int64_t place =
      slab / 4 * a.scale_rows * layout::row_columns + lane % 8 * 8 + slab % 4 * 2;
  s.scales_g = a.scales + place;
  if constexpr (V::weights == Weights::rounded) s.offsets_g = a.offsets + place;
  // Zeros come for all four slabs of the row at once: 4 bytes is the smallest copy.
  s.zeros_g =
      a.zeros + (slab / 4 * a.scale_rows * 8 + lane % 8) * sizeof(typename V::Format::Zeros);
  if constexpr (V::x_path == XPath::copied) {
#pragma unroll
    for (int o = 0; o < V::octets; ++o) {
      const std::int64_t row = tile.row + 8 * o + lane / 4;
      s.row_exists[o] = row < a.m;
      s.x_g[o] = static_cast<const std::uint8_t*>(a.x) +
                 ((s.row_exists[o] ? row : 0) * a.x_row_stride + lane % 4 * 8) * 2;
    }
  }
  return s;
}

// Starts the copies for block `block`; the caller closes the group.
template <class V>
__device__ void start_copies(const Args& a, const Source<V>& from, const Stage<V>& to,
                             std::int64_t block, int lane) {
  namespace layout = core::slab16;
#pragma unroll
  for (int slab = 0; slab < V::slabs; ++slab) {
#pragma unroll
    for (int v = 0; v < V::vectors; ++v) {
      ptx::copy_16_bytes_async(
          to.codes(slab, v, lane),
          from.codes_g + (slab * a.k_blocks + block) * V::block_bytes + v * 512);
    }
  }
  if constexpr (V::x_path == XPath::copied) {
    const std::int64_t first = block * layout::block_k;
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      // Elements that exist of the lane's 8: fewer only in the last block.
      const std::int64_t left = a.k - (first + half * 32 + lane % 4 * 8);
      const int valid = left >= 8 ? 16 : left > 0 ? static_cast<int>(left) * 2 : 0;
#pragma unroll
      for (int o = 0; o < V::octets; ++o) {
        ptx::copy_16_bytes_or_zeros_async(
            to.x(o, half, lane), valid > 0 ? from.x_g[o] + (first + half * 32) * 2 : from.x_g[o],
            from.row_exists[o] ? valid : 0);
      }
    }
  }
  const int segment = lane / 8;
  if (segment < V::segments) {
    const std::int64_t row =
        layout::scale_row(block * layout::block_k + segment * 32, a.scale_shift);
    const int g = lane % 8;
    constexpr int bytes = V::slabs * 4;
    ptx::copy_async<bytes>(to.scales(segment) + g * bytes,
                           from.scales_g + row * layout::row_columns);
    if constexpr (V::weights == Weights::rounded) {
      ptx::copy_async<bytes>(to.zeros(segment) + g * bytes,
                             from.offsets_g + row * layout::row_columns);
    } else if constexpr (V::Format::has_zeros) {
      if (a.zeros != nullptr) {
        constexpr int size = sizeof(typename V::Format::Zeros);
        ptx::copy_async<size>(to.zeros(segment) + g * size, from.zeros_g + row * (8 * size));
      }
    }
  }
}

}  // namespace halfbyte::cuda::w4a16
