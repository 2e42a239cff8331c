// Pieces of q 2^p elements as panels, y = A X H: core/hadamard/panel.h. Compute capability 9.0.
//
//   x                   shared memory      a warpgroup, 64 rows of A at a time
//   cp.async, 16 bytes  X, 16 bits, 64     A from packed signs in registers, X by wgmma; H of the
//   a thread            columns a chunk    columns by mma and butterflies; rounding; 16-byte stores
//
//   x is exact in 16 bits, so that A X takes one product in both modes; what it leaves is split for
//   one rounding as in transform.cuh. No barrier but for x: sums never leave their warp.
//   248 issue slots and 62 clocks of an SM are 256 elements at 4.3 TB/s. Of them, in one rounding:
//   tensor cores (rows + 15) / 8 + 8 clocks, 172 x 64 31; instructions about 100: 28 split sums, 24
//   are butterflies, 8 scale, 4 ... 16 make A of its signs: a block has at least two chunks of 64
//   columns, of two pieces where a piece has one, so that A is made once for both.
//   shared     2 bytes an element and 2 KB a warp: four blocks an SM, three at 28672.
//   registers  64 sums, or 128 with 256 columns: 16 or 8 warps an SM.
#pragma once

#include "cuda/hadamard/panel_columns.cuh"
#include "cuda/hadamard/panel_rows.cuh"

namespace halfbyte::cuda::hadamard {

// 16 rows of the block's pieces to y.
template <class K, core::CodeKind kind>
__device__ void store_pieces(const PanelArgs& o, int first_piece, int tile, float factor,
                             std::uint8_t* stage_s, int lane, const float (&v_r)[K::groups][8]) {
  const Args& a = o.rows;
#pragma unroll
  for (int chunk = 0; chunk < K::chunks; ++chunk) {
    const int piece = first_piece + chunk / K::piece_chunks;
    if (K::pieces > 1 && piece >= o.pieces) break;
    const std::int64_t vector = panel_vector(a, o.panel_rows, piece);
    const int first = 16 * tile * K::columns;
    PanelOut out{a.vectors.offset(a.y_steps, vector) + first, nullptr, o.panel_rows - 16 * tile};
    if (a.signs_after != nullptr)
      out.signs = a.signs_after + a.vectors.place(vector).column + first;
    stage_chunk<typename K::Number, kind>(stage_s, factor, lane,
                                          *reinterpret_cast<const float(*)[4][8]>(v_r + 4 * chunk));
    __syncwarp();
    store_chunk<kind, K::columns>(a, out, stage_s, lane, chunk % K::piece_chunks * 64);
    __syncwarp();
  }
}

template <class K>
__device__ void run_panel(const PanelArgs& o, const PanelSigns& signs) {
  using core::CodeKind;
  const Args& a = o.rows;
  auto* const x_s = ptx::aligned_dynamic_shared<std::uint8_t>();
  const int tiles = map::order_tiles(o.panel_rows);
  const int unit = blockIdx.x >> o.log2_parts, part = blockIdx.x - (unit << o.log2_parts);
  if (4 * K::warpgroups * part >= tiles) return;  // parts are a power of two
  const int first_piece = unit * K::pieces;
  ptx::wait_for_previous_kernel();
  copy_pieces<K>(o, first_piece, x_s);
  ptx::start_next_kernel();
  const int ahead = first_piece + a.ahead * K::pieces;  // beyond the last where blocks share one
  prefetch_vectors(a, panel_vector(a, o.panel_rows, ahead),
                   static_cast<int>(panel_vector(a, o.panel_rows, K::pieces)));
  auto* const stages_s = x_s + map::chunk_bytes(tiles) * K::chunks;
  const float given = K::output == Output::values ? 0 : given_scale(a);
  // The compiler has to see that a warpgroup takes one way.
  const int step = K::warpgroups << o.log2_parts;
  int block = part * K::warpgroups + ptx::same_in_warp(threadIdx.x / 128);  // of 64 rows
  RowSigns signs_r;
  signs_r.load(signs, tiles, 4 * block + threadIdx.x / 32 % 4);
  ptx::wait_for_copies<0>();
  if (a.signs_before != nullptr) flip_pieces<K>(o, first_piece, x_s);
  ptx::show_to_matrices();
  __syncthreads();
  const std::uint32_t x_rows = ptx::matrix_rows(ptx::shared_address(x_s), map::chunk_bytes(tiles));
  std::uint8_t* const stage_s = stages_s + threadIdx.x / 32 * map::panel_stage_bytes;
  const int lane = threadIdx.x % 32;
#pragma unroll 1
  for (; 4 * block < tiles; block += step) {
    const int tile = 4 * block + threadIdx.x / 32 % 4;
    float v_r[K::groups][8];
    multiply_panel<K>(o, signs_r, x_rows, v_r);
    // As early as registers allow.
    if constexpr (K::chunks == 4) signs_r.load(signs, tiles, tile + 4 * step);
    if (tile < tiles) {
      transform_columns<typename K::Number, K::one_rounding, K::log2_groups>(lane, v_r);
    }
    if constexpr (K::chunks < 4) signs_r.load(signs, tiles, tile + 4 * step);
    if (tile < tiles) {
      if constexpr (K::output == Output::given) {
        const float factor = code_factor(a, given, v_r);
        with_kind(a.kind, [&]<CodeKind kind>() {
          store_pieces<K, kind>(o, first_piece, tile, factor, stage_s, lane, v_r);
        });
      } else {
        store_pieces<K, CodeKind::none>(o, first_piece, tile, a.factor, stage_s, lane, v_r);
      }
    }
    __syncwarp();
  }
}

template <class K>
__global__ void __launch_bounds__(K::threads, K::blocks_per_sm)
    panel_kernel(const __grid_constant__ PanelArgs o, const __grid_constant__ PanelSigns signs) {
  if constexpr (ptx::has_warpgroups) run_panel<K>(o, signs);
}

}  // namespace halfbyte::cuda::hadamard
