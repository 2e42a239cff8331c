// w4a16: y = x W (+ bias) for few rows of 16-bit x and packed W, dequantised in registers
// (arXiv 2402.00025, with its schedules; layout: core/layout/slab16.h).
//
//   operands   W (k, n) packed: 16 columns are the 16 rows of A of mma.m16n8k16; x (m, k): 8 rows
//              are the 8 columns of B; sums f32. So y is computed as its transpose, and m <= 8
//              wastes nothing of the larger side.
//   a CTA      one tile of 16 slabs columns x 8 octets rows; its warps divide the tile's k blocks
//   of
//              64 among each other, block by block:
//
//                 k ->   0    1    2    3    4 ...   blocks of 64
//                      +----+----+----+----+----
//     16 x slabs       | w0 | w1 | w2 | w3 | w0 ...  each warp streams its blocks through a ring of
//      columns         +----+----+----+----+----     its own: no barrier until the tile is done
//
//   m = 1, n = k = 4096, 4 bits, group 128: 8.4 MB of codes + 0.26 MB of scales; at 4.58 TB/s
//   (H200) 1.9 us, with launch and ramp 3.4 us for a kernel that only reads. Per 256 weights (a
//   lane's word): 9 instructions to dequantise, 1 mma an octet, 1/4 of a load; 3.2 x 8 = 25 would
//   be affordable. in flight  warps x stages x slabs x 512 bytes: 64 KB of W with 8 warps, 4
//   stages, 4 slabs.
#pragma once

#include "cuda/w4a16/reduce.cuh"

namespace halfbyte::cuda::w4a16 {

// The sums of one item's k blocks over this warp's share of them.
template <class V>
__device__ void sum_blocks(const Args& a, const core::KBlocks& k, const core::TileGrid::Tile& tile,
                           std::uint8_t* ring_s, int warp, int lane, Sums<V>& sums_r) {
  const int warps = blockDim.x / 32;
  const std::int64_t count = k.count > warp ? (k.count - warp + warps - 1) / warps : 0;
  const auto block_of = [&](std::int64_t i) { return k.first + (warp + i * warps) * k.stride; };
  const auto stage_of = [&](std::int64_t i) {
    return Stage<V>{ring_s + static_cast<int>(i % V::stages) * V::stage_bytes};
  };
  const Source<V> source = source_of<V>(a, tile, lane);
  const int first_slab_in_row = static_cast<int>(tile.column / 16 % 4);

#pragma unroll
  for (int i = 0; i < V::stages - 1; ++i) {
    if (i < count) start_copies<V>(a, source, stage_of(i), block_of(i), lane);
    ptx::commit_copies();
  }
  XFragments<V> x, next_x;
  if constexpr (V::x_path == XPath::gathered) {
    if (count > 0) gather_x<V>(a, tile, block_of(0), lane, x);
  }
  for (std::int64_t i = 0; i < count; ++i) {
    ptx::wait_for_copies<V::stages - 2>();
    __syncwarp();  // scales and zeros came through other lanes; and all have read the oldest stage
    const std::int64_t ahead = i + V::stages - 1;
    if (ahead < count) start_copies<V>(a, source, stage_of(ahead), block_of(ahead), lane);
    ptx::commit_copies();
    if constexpr (V::x_path == XPath::gathered) {
      if (i + 1 < count) gather_x<V>(a, tile, block_of(i + 1), lane, next_x);
    } else {
      read_x<V>(stage_of(i), lane, x);
    }
    multiply_block<V>(a, stage_of(i), x, first_slab_in_row, lane, sums_r);
    if constexpr (V::x_path == XPath::gathered) x = next_x;
  }
}

template <class V>
__global__ void __launch_bounds__(32 * V::max_warps)
    w4a16_kernel(const __grid_constant__ Args args) {
  extern __shared__ __align__(16) std::uint8_t shared[];
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const core::TileGrid grid{args.m, args.n, V::tile_m, V::tile_n};
  const std::int64_t worker = blockIdx.x;
  const std::int64_t items = args.division.items(worker);
  for (std::int64_t i = 0; i < items; ++i) {
    const core::WorkItem item = args.division.item(worker, i);
    const core::TileGrid::Tile tile = grid.tile(item.local_tile);
    Sums<V> sums_r = {};
    sum_blocks<V>(args, item.k, tile, shared + warp * V::ring_bytes, warp, lane, sums_r);
    __syncthreads();  // the rings are no longer needed: their memory takes the warps' sums
    auto* const sums_s = reinterpret_cast<float*>(shared);
    leave_warp_sums<V>(sums_s, warp, lane, sums_r);
    __syncthreads();
    finish_item<V>(args, item, tile, sums_s);
    if (i + 1 < items) __syncthreads();  // the next item's copies overwrite the sums
  }
}

}  // namespace halfbyte::cuda::w4a16
