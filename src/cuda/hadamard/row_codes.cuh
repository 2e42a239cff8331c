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

// The sums of a thread in phase 2: [vector][piece][column].
template <class K>
using ThreadSums = float[K::share.vectors][K::pieces][K::share.width];

// Calls f(element of the row, values from there on).
template <class K, class F>
__device__ void for_each_run(ThreadSums<K>& v_r, F f) {
#pragma unroll
  for (int j = 0; j < K::share.vectors; ++j) {
    const int column = K::share.width * (threadIdx.x + j * K::threads);
#pragma unroll
    for (int p = 0; p < K::pieces; ++p) f(p * K::columns + column, v_r[j][p]);
  }
}

// Codes of a row, with one scale or with one for each group of 2^log2_group elements.
template <class K, core::CodeKind kind>
__device__ void store_row_codes(const Args& a, const RowOut& out, float factor,
                                ThreadSums<K>& v_r) {
  for_each_run<K>(v_r, [&](int at, const float(&w_r)[K::share.width]) {
    store_codes<kind>(a, out.y + at, factor, w_r);
  });
}
template <class K, core::CodeKind kind>
__device__ void store_group_codes(const Args& a, const RowOut& out, ThreadSums<K>& v_r) {
  for_each_run<K>(v_r, [&](int at, float(&w_r)[K::share.width]) {
    std::uint32_t bits = largest_bits(w_r);  // adjacent lanes hold adjacent columns
    for (int lanes = 1; lanes * K::share.width < 1 << a.log2_group; lanes *= 2) {
      bits = max(bits, __shfl_xor_sync(0xFFFFFFFFU, bits, lanes));
    }
    const float scale = core::scale_for(__uint_as_float(value_bits(a, bits)), kind);
    if ((at & ((1 << a.log2_group) - 1)) == 0) out.scales[at >> a.log2_group] = scale;
    store_codes<kind>(a, out.y + at, code_factor(a, scale, w_r), w_r);
  });
}

// Phase 2 with codes: all sums of the thread at once, for a scale of the row.
template <class K>
__device__ void finish_row_codes(const Args& a, int row, float given, const float* sums_s) {
  const RowOut out = row_out<K>(a, row);
  ThreadSums<K> v_r;
  std::uint32_t bits = 0;
#pragma unroll
  for (int j = 0; j < K::share.vectors; ++j) {
    const int column = K::share.width * (threadIdx.x + j * K::threads);
    read_columns<K>(sums_s, column, v_r[j]);
    finish_columns<K>(out, column, v_r[j]);
  }
  const bool of_row = (1 << max(a.log2_group, 0)) == K::elements;
  if (of_row || a.amax != nullptr) {
    for_each_run<K>(v_r, [&](int, const auto& w_r) { bits = max(bits, largest_bits(w_r)); });
    bits = value_bits(a, bits);
    if (a.amax != nullptr) raise_amax(a.amax, bits, threadIdx.x % 32);
  }
  if (a.kind == core::CodeKind::none) {
#pragma unroll
    for (int j = 0; j < K::share.vectors; ++j) {
      store_columns<K>(a, out, K::share.width * (threadIdx.x + j * K::threads), v_r[j]);
    }
    return;
  }
  if (a.log2_group >= 0 && !of_row) {
    return with_kind(a.kind,
                     [&]<core::CodeKind kind>() { store_group_codes<K, kind>(a, out, v_r); });
  }
  float scale = given;
  if (of_row) {
    scale = core::scale_for(__uint_as_float(largest_in_block(bits, K::threads)), a.kind);
    if (threadIdx.x == 0) *out.scales = scale;
  }
  const float factor = code_factor(a, scale, v_r);
  with_kind(a.kind, [&]<core::CodeKind kind>() { store_row_codes<K, kind>(a, out, factor, v_r); });
}

}  // namespace halfbyte::cuda::hadamard
