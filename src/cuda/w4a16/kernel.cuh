// w4a16: y = x W (+ bias) for few rows of 16-bit x and packed W, dequantised in registers
// (arXiv 2402.00025, with its schedules; layout: core/layout/slab16.h).
//
//   operands   W (k, n) packed: 16 columns are the 16 rows of A of mma.m16n8k16; x (m, k): 8 rows
//              are the 8 columns of B; sums f32. So y is computed as its transpose, and m <= 8
//              wastes nothing of the larger side.
//   a CTA      one tile of 16 slabs columns x 8 octets rows; its warps divide the tile's k blocks
//              of 64 among each other, block by block:
//
//                 k ->   0    1    2    3    4 ...   blocks of 64
//                      +----+----+----+----+----
//     16 x slabs       | w0 | w1 | w2 | w3 | w0 ...  each warp streams its blocks through a ring of
//      columns         +----+----+----+----+----     its own: no barrier until the tile is done
//
//   m = 1, n = k = 4096, 4 bits, group 128: 8.4 MB of codes + 0.26 MB of scales; at 4.58 TB/s
//   (H200) 1.9 us, with launch and ramp 3.4 us for a kernel that only reads.
//   A block of 4 slabs is 2 KB of codes; an SM has 103 cycles for it at that rate, 412
//   instructions. Of 255 that are executed (f16, one octet, one zero for all; 286 with the branches
//   not taken) 144 dequantise (9 a word of 8 codes), 16 are mma, 16 apply scales, 12 make the
//   zeros, 60 copy and count. In flight: warps x (stages - 1) x slabs x 512 bytes, 48 KB of W with
//   8 warps, 4 stages, 4 slabs.
//
// Tried before: addresses from the block's number (397 instructions a block: 8192^2 took 16.9 us at
// m = 1); 64-bit counts (960 instructions with their divisions before the first copy), 32-bit ones
// (500; with prepared divisions 215).
#pragma once

#include "cuda/w4a16/reduce.cuh"

namespace halfbyte::cuda::w4a16 {

// The sums of one item's k blocks over this warp's share of them. `before_x` is called when the
// copies of the first blocks of W are under way.
template <class V, class BeforeX>
__device__ void sum_blocks(const Args& a, const KBlocks& k, const Tile& tile, std::uint32_t ring_s,
                           int warp, int lane, const BeforeX& before_x, Sums<V>& sums_r) {
  constexpr bool copies_x = V::x_path == XPath::copied;
  const Count warps = blockDim.x / 32;
  const Count first = k.first + warp * k.stride, step = warps * k.stride;
  const int first_slab_in_row = tile.column / 16 % 4;
  WeightCopies<V> w = weight_copies<V>(a, tile, first, lane);
#pragma unroll
  for (int i = 0; i < V::stages - 1; ++i) {
    if (i > 0 && warp + i * warps >= k.count) break;
    const Stage<V> stage{ring_s + i * V::stage_bytes};
    start_copies<V>(warp < k.count, a, w, stage, lane);
    advance<V>(w, step);
  }
  before_x();
  XCopies<V> x_ahead = x_copies<V>(a, tile, first, lane);
#pragma unroll
  for (int i = 0; i < V::stages - 1; ++i) {
    if (copies_x && (i == 0 || warp + i * warps < k.count)) {
      const Stage<V> stage{ring_s + i * V::stage_bytes};
      start_copies<V>(warp < k.count, a, x_ahead, stage, lane);
      advance<V>(x_ahead, step);
    }
    ptx::commit_copies();
  }

  Ring<V> filled{ring_s, (V::stages - 1) * V::stage_bytes}, read{ring_s};
  Count ahead = warp + (V::stages - 1) * warps;  // of the item's blocks, the one copied next
  Zeros<V> zeros_r;
  same_zeros<V>(a, zeros_r);
  XFragments<V> x, next_x;
  if constexpr (!copies_x) {
    if (warp < k.count) gather_x<V>(a, tile, first, lane, x);
  }
#pragma unroll 1
  for (Count i = warp; i < k.count; i += warps) {
    ptx::wait_for_copies<V::stages - 2>();
    __syncwarp();  // scales and zeros came through other lanes; and all have read the oldest stage
    const Stage<V> stage = read.stage();
    read.advance();
    Codes<V> codes;
    read_codes<V>(stage, 0, lane, codes);
    if constexpr (copies_x) read_x<V>(stage, lane, x);
    start_copies<V>(ahead < k.count, a, w, filled.stage(), lane);
    if constexpr (copies_x) start_copies<V>(ahead < k.count, a, x_ahead, filled.stage(), lane);
    ptx::commit_copies();
    filled.advance();
    ahead += warps;
    advance<V>(w, step);
    if constexpr (copies_x) {
      advance<V>(x_ahead, step);
    } else if (i + warps < k.count) {
      gather_x<V>(a, tile, k.first + (i + warps) * k.stride, lane, next_x);
    }
    if constexpr (V::weights == Weights::exact && V::Format::has_zeros) {
      if (a.zeros_differ) read_zeros<V>(stage, first_slab_in_row, lane, zeros_r);
    }
    multiply_block<V>(a, stage, codes, x, zeros_r, lane, sums_r);
    if constexpr (!copies_x) x = next_x;
  }
}

template <class V>
__global__ void __launch_bounds__(32 * V::max_warps, V::resident)
    w4a16_kernel(const __grid_constant__ Args args) {
  float* const sums_s = ptx::dynamic_shared<float>();  // after the rings
  __shared__ WorkItem item_s;
  __shared__ Tile tile_s;
  const auto worker = static_cast<Count>(blockIdx.x);
  const Count items = args.division.items(worker);
#pragma unroll 1
  for (Count i = 0; i < items; ++i) {
    Sums<V> sums_r = {};
    {
      const WorkItem item = args.division.item(worker, i);
      const Tile tile = args.division.tiles.tile(item.local_tile);
      if (threadIdx.x == 0) {  // until the sums are there: 12 registers less
        item_s = item;
        tile_s = tile;
      }
      const int thread = thread_index();
      // Opaque, or it is computed again for every block.
      const int ring_s =
          ptx::opaque(static_cast<int>(ptx::shared_address(sums_s)) + thread / 32 * V::ring_bytes);
      const auto before_x = [&] {
        if (i > 0) return;
        // W has been complete since pack() returned; all else may be an earlier kernel's.
        ptx::wait_for_previous_kernel();
        // Not before the wait: then kernel upon kernel waits and takes room on the SMs.
        ptx::start_next_kernel();
      };
      sum_blocks<V>(args, item.k, tile, static_cast<std::uint32_t>(ring_s), thread / 32,
                    thread % 32, before_x, sums_r);
    }
    __syncthreads();  // the rings are no longer needed: their memory takes the warps' sums
    leave_warp_sums<V>(sums_s, thread_index(), sums_r);
    __syncthreads();
    finish_item<V>(args, item_s, tile_s, sums_s);
    __syncthreads();  // the next item's copies overwrite the sums
  }
}

}  // namespace halfbyte::cuda::w4a16
