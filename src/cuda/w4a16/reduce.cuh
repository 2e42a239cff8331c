// From the sums of a CTA's warps to y: first across the warps in shared memory, then, where a
// tile's k is divided, across CTAs in the workspace. Always in the same order, except under the
// atomic schedule; f32 until the one rounding at the end.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "core/fragment/mma_m16n8k16.h"
#include "core/schedule/arrival.h"
#include "cuda/w4a16/multiply.cuh"

namespace halfbyte::cuda::w4a16 {

__device__ inline float load_as_float(const void* data, DType dtype, std::int64_t i) {
  if (dtype == DType::f32) return static_cast<const float*>(data)[i];
  return widen(static_cast<const std::uint16_t*>(data)[i], dtype == DType::bf16);
}

__device__ inline void store_rounded(void* data, DType dtype, std::int64_t i, float value) {
  if (dtype == DType::f16) {
    static_cast<__half*>(data)[i] = __float2half_rn(value);
  } else if (dtype == DType::bf16) {
    static_cast<__nv_bfloat16*>(data)[i] = __float2bfloat16_rn(value);
  } else {
    static_cast<float*>(data)[i] = value;
  }
}

// y of one element of the tile, if it lies inside the output.
template <class V>
__device__ void store_element(const Args& a, const Tile& tile, int element, float sum) {
  const int token = element / V::tile_n, column = element % V::tile_n;
  if (token >= tile.rows || column >= tile.columns) return;
  const Count n = tile.column + column;
  if (a.bias != nullptr) sum += load_as_float(a.bias, a.bias_dtype, n * a.bias_stride);
  store_rounded(a.y, a.y_dtype, (tile.row + token) * a.y_row_stride + n * a.y_column_stride, sum);
}

// Elements of the tile's rows that exist; the others are not worth a sum.
template <class V>
__device__ int elements_of(const Tile& tile) {
  return static_cast<int>(tile.rows) * V::tile_n;
}

// threadIdx.x, anew: what is made of it for the sums' places would be computed ahead of the loop
// over items, and hold registers while blocks are multiplied.
__device__ inline int thread_index() { return ptx::opaque(threadIdx.x); }

template <class V>
__device__ void leave_warp_sums(float* sums_s, int thread, const Sums<V>& sums_r) {
  const int lane = thread % 32;
  float* const mine = sums_s + thread / 32 * (V::sums_bytes / 4);
#pragma unroll
  for (int slab = 0; slab < V::slabs; ++slab) {
#pragma unroll
    for (int o = 0; o < V::octets; ++o) {
#pragma unroll
      for (int c = 0; c < 4; ++c) {
        const core::mma_m16n8k16::Coord at = core::mma_m16n8k16::c_coord(lane, c);
        mine[(8 * o + at.column) * V::sum_stride + 16 * slab + at.row] = sums_r[slab][o][c];
      }
    }
  }
}

template <class V>
__device__ float add_warp_sums(const float* sums_s, int warps, int element) {
  const float* at = sums_s + element / V::tile_n * V::sum_stride + element % V::tile_n;
  float sum = at[0];
#pragma unroll 8
  for (int warp = 1; warp < warps; ++warp) sum += at[warp * (V::sums_bytes / 4)];
  return sum;
}

// core::arrive's word in global memory.
struct ArrivalWord {
  std::uint64_t* word;
  __device__ std::uint64_t load() const { return ptx::load_shared_by_all(word); }
  __device__ std::uint64_t add_one() const { return ptx::add_and_meet(word, 1); }
  __device__ std::uint64_t swap(std::uint64_t from, std::uint64_t to) const {
    return ptx::swap_and_meet(word, from, to);
  }
  __device__ void store(std::uint64_t value) const { ptx::store_shared_by_all(word, value); }
};

// Whether this CTA is the last of its tile; what the others left is visible then. By all threads.
__device__ inline bool arrive_last(const Args& a, const WorkItem& item) {
  __shared__ bool is_last_s;
  __syncthreads();
  if (threadIdx.x == 0) {
    ArrivalWord word{a.arrivals + item.tile};
    is_last_s = core::arrive(word, item.slices);
  }
  __syncthreads();
  return is_last_s;
}

// The sums of all slices, in their order, and y of them.
template <class V>
__device__ void add_slices(const Args& a, const WorkItem& item, const Tile& tile) {
  constexpr int at_once =
      4;  // slices whose loads are under way: one after another cost 0.4 us each
  for (int e = thread_index(); e < elements_of<V>(tile); e += blockDim.x) {
    float sum = 0;
    for (Count first = 0; first < item.slices; first += at_once) {
      float parts[at_once];
#pragma unroll
      for (int i = 0; i < at_once; ++i) {
        if (first + i >= item.slices) continue;
        const std::int64_t place = a.division.partial(item.tile, first + i);
        parts[i] = __ldcg(a.partials + place * V::tile_floats + e);
      }
#pragma unroll
      for (int i = 0; i < at_once; ++i) {
        if (first + i < item.slices) sum += parts[i];
      }
    }
    store_element<V>(a, tile, e, sum);
  }
}

// Sums of all warps are in shared memory: finishes the item. By all threads of the CTA.
template <class V>
__device__ void finish_item(const Args& a, const WorkItem& item, const Tile& tile,
                            const float* sums_s) {
  const int thread = thread_index();
  const int warps = blockDim.x / 32, elements = elements_of<V>(tile);
  if (item.partial < 0) {
    for (int e = thread; e < elements; e += blockDim.x) {
      store_element<V>(a, tile, e, add_warp_sums<V>(sums_s, warps, e));
    }
  } else if constexpr (V::meeting == Meeting::ordered) {
    float* const partial = a.partials + static_cast<std::int64_t>(item.partial) * V::tile_floats;
    for (int e = thread; e < elements; e += blockDim.x) {
      partial[e] = add_warp_sums<V>(sums_s, warps, e);
    }
    if (arrive_last(a, item)) add_slices<V>(a, item, tile);
  } else {
    float* const shared_sum = a.partials + static_cast<std::int64_t>(item.tile) * V::tile_floats;
    for (int e = thread; e < elements; e += blockDim.x) {
      atomicAdd(shared_sum + e, add_warp_sums<V>(sums_s, warps, e));
    }
    if (!arrive_last(a, item)) return;
    for (int e = thread; e < elements; e += blockDim.x) {
      store_element<V>(a, tile, e, __ldcg(shared_sum + e));
    }
  }
}

}  // namespace halfbyte::cuda::w4a16
