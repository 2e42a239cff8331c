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

// Four adjacent elements of a tile: what a thread finishes at once.
struct Quad {
  int token, column;
};
template <class V>
__device__ Quad quad_at(int index) {
  constexpr int in_row = V::tile_n / 4;
  return {index / in_row, index % in_row * 4};
}
template <class V>
inline constexpr int quads = V::tile_floats / 4;

// y of a quad, where it lies inside the output.
template <class V>
__device__ void store_quad(const Args& a, const Tile& tile, const Quad& at, const float4& sums) {
  if (at.token >= tile.rows) return;
  const float values[4] = {sums.x, sums.y, sums.z, sums.w};
  const std::int64_t row = (tile.row + at.token) * a.y_row_stride;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    if (at.column + i >= tile.columns) return;
    const Count n = tile.column + at.column + i;
    float value = values[i];
    if (a.bias != nullptr) value += load_as_float(a.bias, a.bias_dtype, n * a.bias_stride);
    store_rounded(a.y, a.y_dtype, row + n * a.y_column_stride, value);
  }
}

__device__ inline void add(float4& sums, const float4& more) {
  sums.x += more.x;
  sums.y += more.y;
  sums.z += more.z;
  sums.w += more.w;
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
__device__ float4 add_warp_sums(const float* sums_s, int warps, const Quad& at) {
  const float* from = sums_s + at.token * V::sum_stride + at.column;
  auto sums = *reinterpret_cast<const float4*>(from);
#pragma unroll 4
  for (int warp = 1; warp < warps; ++warp) {
    add(sums, *reinterpret_cast<const float4*>(from + warp * (V::sums_bytes / 4)));
  }
  return sums;
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
  for (int q = thread_index(); q < quads<V>; q += blockDim.x) {
    float4 sums{};
    for (Count first = 0; first < item.slices; first += at_once) {
      float4 parts[at_once];
#pragma unroll
      for (int i = 0; i < at_once; ++i) {
        if (first + i >= item.slices) continue;
        const std::int64_t place = a.division.partial(item.tile, first + i);
        parts[i] = __ldcg(reinterpret_cast<const float4*>(a.partials + place * V::tile_floats) + q);
      }
#pragma unroll
      for (int i = 0; i < at_once; ++i) {
        if (first + i < item.slices) add(sums, parts[i]);
      }
    }
    store_quad<V>(a, tile, quad_at<V>(q), sums);
  }
}

// Sums of all warps are in shared memory: finishes the item. By all threads of the CTA.
template <class V>
__device__ void finish_item(const Args& a, const WorkItem& item, const Tile& tile,
                            const float* sums_s) {
  const int thread = thread_index();
  const int warps = blockDim.x / 32;
  if (item.partial < 0) {
    for (int q = thread; q < quads<V>; q += blockDim.x) {
      const Quad at = quad_at<V>(q);
      store_quad<V>(a, tile, at, add_warp_sums<V>(sums_s, warps, at));
    }
  } else if constexpr (V::meeting == Meeting::ordered) {
    float* const partial = a.partials + static_cast<std::int64_t>(item.partial) * V::tile_floats;
    for (int q = thread; q < quads<V>; q += blockDim.x) {
      reinterpret_cast<float4*>(partial)[q] = add_warp_sums<V>(sums_s, warps, quad_at<V>(q));
    }
    if (arrive_last(a, item)) add_slices<V>(a, item, tile);
  } else {
    float* const shared_sum = a.partials + static_cast<std::int64_t>(item.tile) * V::tile_floats;
    for (int q = thread; q < quads<V>; q += blockDim.x) {
      const float4 sums = add_warp_sums<V>(sums_s, warps, quad_at<V>(q));
      atomicAdd(shared_sum + 4 * q, sums.x);
      atomicAdd(shared_sum + 4 * q + 1, sums.y);
      atomicAdd(shared_sum + 4 * q + 2, sums.z);
      atomicAdd(shared_sum + 4 * q + 3, sums.w);
    }
    if (!arrive_last(a, item)) return;
    for (int q = thread; q < quads<V>; q += blockDim.x) {
      store_quad<V>(a, tile, quad_at<V>(q),
                    __ldcg(reinterpret_cast<const float4*>(shared_sum) + q));
    }
  }
}

}  // namespace halfbyte::cuda::w4a16
