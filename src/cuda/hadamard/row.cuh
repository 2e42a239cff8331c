// Rows of 2048 ... 32768 elements, one to a CTA: H of a piece in a warp's registers, an
// exchange of sums in f32 through shared memory, butterflies between the pieces.
//
//   phase 1, warp w          exchange               phase 2, thread i
//   piece w: `tiles` tiles   STS.128 -> LDS.128     the same few columns of every piece
//   two mma passes, then     4 n bytes, no bank     2^log2_pieces x width sums, butterflies,
//   butterflies over tiles   conflict               one rounding, 16-byte stores (8 for 32768)
//
//   64 MB of f16 in, out, n = 32768: 132 SMs copy a row in 4.0 us = 6800 clocks at 4.3 TB/s. It
//   takes 128 tiles x 128 instructions = 4100 issue slots of a scheduler, 2 x 1024 clocks of
//   shared memory and 128 x 6 mma = 1500 clocks of tensor cores, which overlap.
//   in flight  a warp of 32768 loads its piece of the next row as it uses up this one's registers;
//              of smaller rows an SM holds several, and what follows them is on its way to L2.
//   shared     8 KB (2048) ... 128 KB (32768): one to sixteen CTAs an SM, 32 warps up to 8192, then
//              16.
// The sums are exchanged in f32: 8 bytes an element of 27 that shared memory moves in the time of
// the copy, and no second split into two 16-bit numbers.
#pragma once

#include "cuda/hadamard/row_codes.cuh"

namespace halfbyte::cuda::hadamard {

template <class K>
__device__ void load_piece(const Args& a, int row, int piece, int lane,
                           std::uint32_t (&x_r)[K::tiles][4]) {
  if (first_vector<K>(row) >= a.vectors.count) return;
  const auto* x_g = static_cast<const std::uint16_t*>(a.x) +
                    a.vectors.offset(a.x_steps, first_vector<K>(row)) + piece * K::columns +
                    lane * 8;
#pragma unroll
  for (int t = 0; t < K::tiles; ++t) {
    ptx::load_16_bytes_once(x_r[t], x_g + t * map::tile_elements);
  }
}

// Threads that share a row meet: none may write to a block that has not begun, nor over what others
// still read of the row before. As late as possible: warps that are ahead sum their next piece. (An
// mbarrier at which they arrive once they have read took as long: the wait moves to the next one.)
template <class K>
__device__ void wait_to_overwrite(bool is_first) {
  if constexpr (K::cluster > 1) ptx::wait_for_cluster();
  if (K::stays && !is_first) __syncthreads();
}
template <class K>
__device__ void wait_for_sums() {
  if constexpr (K::cluster > 1) {
    ptx::arrive_at_cluster();
    ptx::wait_for_cluster();
  } else {
    __syncthreads();
  }
}

// Phase 1: a warp's piece from registers to shared memory.
template <class K>
__device__ void sum_piece(const Args& a, int row, int piece, int lane,
                          std::uint32_t (&x_r)[K::tiles][4], float (&v_r)[K::tiles][8]) {
  // Made anew for every row: phase 2 needs the registers more than the loop these instructions.
  const auto matrices =
      matrices_of<typename K::Number, K::one_rounding>(K::log2_n, ptx::opaque(lane));
  if (a.signs_before != nullptr) {
    const std::int64_t vector = first_vector<K>(row) + piece * (K::columns / 8) + lane;
#pragma unroll
    for (int t = 0; t < K::tiles; ++t) flip_before(a, vector + t * map::tile_vectors, x_r[t]);
  }
#pragma unroll
  for (int t = 0; t < K::tiles; ++t) transform_tile(x_r[t], matrices, v_r[t]);
}

// Phase 2.
template <class K>
__device__ void finish_row(const Args& a, int row, int rank, float given, const float* sums_s) {
  if constexpr (K::output == Output::any) {
    finish_row_codes<K>(a, row, given, sums_s);
  } else {
    const RowOut out = row_out<K>(a, row);
#pragma unroll
    for (int j = 0; j < K::share.vectors; ++j) {
      const int in_block = K::share.width * (threadIdx.x + j * K::threads);
      float w_r[K::pieces][K::share.width];
      read_columns<K>(sums_s, in_block, w_r);
      const int column = rank * K::block_columns + in_block;
      finish_columns<K>(out, column, w_r);
      if constexpr (K::output == Output::given) {
        store_columns_as_codes<K>(a, out, column, given, w_r);
      } else {
        store_columns<K>(a, out, column, w_r);
      }
    }
  }
}

template <class K>
__global__ void __launch_bounds__(K::threads, K::blocks_per_sm)
    row_kernel(const __grid_constant__ Args a) {
  auto* const sums_s = ptx::dynamic_shared<float>();
  const int lane = threadIdx.x % 32, rank = blockIdx.x % K::cluster;
  const int piece = rank * (K::threads / 32) + threadIdx.x / 32;
  const int step = gridDim.x / K::cluster;
  int row = blockIdx.x / K::cluster;
  if constexpr (K::cluster > 1) ptx::arrive_at_cluster();
  ptx::wait_for_previous_kernel();
  std::uint32_t x_r[K::tiles][4];
  load_piece<K>(a, row, piece, lane, x_r);
  ptx::start_next_kernel();
  const int ahead = K::stays ? step : a.ahead;
  if (rank == 0) prefetch_vectors(a, first_vector<K>(row + ahead), K::elements / 8);
  const float given = K::output == Output::values ? 0 : given_scale(a);
#pragma unroll 1
  while (true) {
    float v_r[K::tiles][8];
    sum_piece<K>(a, row, piece, lane, x_r, v_r);
    if constexpr (K::stays) {
      load_piece<K>(a, row + step, piece, lane, x_r);
      prefetch_vectors(a, first_vector<K>(row + step + ahead), K::elements / 8);
    }
    map::transform_first_index(v_r, map::log2_of(K::tiles));
    wait_to_overwrite<K>(row < step);
    write_piece<K>(sums_s, piece, lane, v_r);
    wait_for_sums<K>();
    finish_row<K>(a, row, rank, given, sums_s);
    if constexpr (!K::stays) return;
    row += step;
    if (first_vector<K>(row) >= a.vectors.count) return;
  }
}

}  // namespace halfbyte::cuda::hadamard
