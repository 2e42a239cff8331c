// Phase 2 of a row with codes, and amax.
#pragma once

#include "cuda/hadamard/row_exchange.cuh"

namespace halfbyte::cuda::hadamard {

// The largest of the CTA's bits, for all threads.
__device__ inline std::uint32_t largest_in_block(std::uint32_t bits, int threads) {
  __shared__ std::uint32_t largest_s[32];
  bits = __reduce_max_sync(0xFFFFFFFFU, bits);
  if (threadIdx.x % 32 == 0) largest_s[threadIdx.x / 32] = bits;
  __syncthreads();
  std::uint32_t largest = 0;
  for (int w = 0; w < threads / 32; ++w) largest = max(largest, largest_s[w]);
  return largest;
}

// Phase 2 with codes: all sums of the thread at once, for a scale of the row.
template <class K>
__device__ void finish_row_codes(const Args& a, int row, const float* sums_s) {
  constexpr int width = K::share.width, vectors = K::share.vectors;
  float v_r[vectors][K::pieces][width];
  std::uint32_t bits = 0;
#pragma unroll
  for (int j = 0; j < vectors; ++j) {
    const int column = width * (threadIdx.x + j * K::threads);
    read_columns<K>(sums_s, column, v_r[j]);
    finish_columns<K>(a, row_out<K>(a, row), column, v_r[j]);
#pragma unroll
    for (int p = 0; p < K::pieces; ++p) bits = max(bits, largest_bits(v_r[j][p]));
  }
  if (a.amax != nullptr) raise_amax(a.amax, bits, threadIdx.x % 32);
  // Anew: two registers are short at 32768.
  const RowOut out = row_out<K>(a, ptx::opaque(row));
  if (a.kind == core::CodeKind::none) {
#pragma unroll
    for (int j = 0; j < vectors; ++j) {
      store_columns<K>(a, out, width * (threadIdx.x + j * K::threads), v_r[j]);
    }
    return;
  }
  const bool of_row = (1 << max(a.log2_group, 0)) == K::elements;
  float inverse = 1;
  if (of_row) {
    const std::uint32_t row_bits = largest_in_block(bits, K::threads);
    const float scale = core::scale_for(__uint_as_float(row_bits), a.kind);
    if (threadIdx.x == 0) *out.scales = scale;
    inverse = 1 / scale;
  } else if (a.log2_group < 0) {
    inverse = 1 / *a.scales;
  }
#pragma unroll
  for (int j = 0; j < vectors; ++j) {
    const int column = width * (threadIdx.x + j * K::threads);
#pragma unroll
    for (int p = 0; p < K::pieces; ++p) {
      const int at = p * K::columns + column;
      if (a.log2_group >= 0 && !of_row) {  // adjacent lanes hold adjacent columns
        std::uint32_t group_bits = largest_bits(v_r[j][p]);
        for (int lanes = 1; lanes * width < 1 << a.log2_group; lanes *= 2) {
          group_bits = max(group_bits, __shfl_xor_sync(0xFFFFFFFFU, group_bits, lanes));
        }
        const float scale = core::scale_for(__uint_as_float(group_bits), a.kind);
        if ((at & ((1 << a.log2_group) - 1)) == 0) out.scales[at >> a.log2_group] = scale;
        inverse = 1 / scale;
      }
      store_codes(a, out.y + at, inverse, v_r[j][p]);
    }
  }
}

}  // namespace halfbyte::cuda::hadamard
