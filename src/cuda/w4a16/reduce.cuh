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

// threadIdx.x, anew: what is made of it for the sums' places would be computed ahead of the loop
// over items, and hold registers while blocks are multiplied.
__device__ inline int thread_index() { return ptx::opaque(threadIdx.x); }

// Adjacent elements of a tile that a thread finishes at once. Of a large tile a thread has many,
// and what it loads for each waits for what it stored for the one before (16 x 128 in two slices,
// 8192^2: 19.9 us one by one, 16.1 in fours); of a small one most threads would have none (8 x 32,
// 2048^2: 3.1 us in fours, 2.8 one by one).
template <class V>
inline constexpr int at_once = V::tile_floats >= 1024  ? 4
                               : V::tile_floats >= 512 ? 2
                                                       : 1;

template <class V>
struct alignas(4 * at_once<V>) Elements {
  float values[at_once<V>];

  __device__ void add(const Elements& others) {
#pragma unroll
    for (int i = 0; i < at_once<V>; ++i) values[i] += others.values[i];
  }
};

// y of a tile's elements from `first` on, where they lie inside the output.
template <class V>
__device__ void store_elements(const Args& a, const Tile& tile, int first,
                               const Elements<V>& sums) {
  const int token = first / V::tile_n, column = first % V::tile_n;
  const std::int64_t row = (tile.row + token) * a.y_row_stride;
#pragma unroll
  for (int i = 0; i < at_once<V>; ++i) {
    if (column + i >= tile.columns) return;
    const Count n = tile.column + column + i;
    float value = sums.values[i];
    if (a.bias != nullptr) value += load_as_float(a.bias, a.bias_dtype, n * a.bias_stride);
    store_rounded(a.y, a.y_dtype, row + n * a.y_column_stride, value);
  }
}

// f(first) for the elements of this thread, of the tile's rows that exist.
template <class V, class F>
__device__ void for_my_elements(const Tile& tile, const F& f) {
  const int end = static_cast<int>(tile.rows) * V::tile_n;
  for (int first = thread_index() * at_once<V>; first < end; first += blockDim.x * at_once<V>) {
    f(first);
  }
}

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
__device__ Elements<V> add_warp_sums(const float* sums_s, int first) {
  const float* at = sums_s + first / V::tile_n * V::sum_stride + first % V::tile_n;
  auto sums = *reinterpret_cast<const Elements<V>*>(at);
#pragma unroll 8
  for (int warp = 1; warp < static_cast<int>(blockDim.x / 32); ++warp) {
    sums.add(*reinterpret_cast<const Elements<V>*>(at + warp * (V::sums_bytes / 4)));
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
  // Slices whose loads are under way: one after another cost 0.4 us each.
  constexpr int ahead = at_once<V> == 4 ? 2 : 4;
  for_my_elements<V>(tile, [&](int first_element) {
    Elements<V> sums{};
    for (Count first = 0; first < item.slices; first += ahead) {
      Elements<V> parts[ahead];
#pragma unroll
      for (int i = 0; i < ahead; ++i) {
        if (first + i >= item.slices) continue;
        const std::int64_t place = a.division.partial(item.tile, first + i);
        ptx::load_from_l2(a.partials + place * V::tile_floats + first_element, parts[i].values);
      }
#pragma unroll
      for (int i = 0; i < ahead; ++i) {
        if (first + i < item.slices) sums.add(parts[i]);
      }
    }
    store_elements<V>(a, tile, first_element, sums);
  });
}

// Sums of all warps are in shared memory: finishes the item. By all threads of the CTA.
template <class V>
__device__ void finish_item(const Args& a, const WorkItem& item, const Tile& tile,
                            const float* sums_s) {
  if (item.partial < 0) {
    for_my_elements<V>(tile, [&](int first) {
      store_elements<V>(a, tile, first, add_warp_sums<V>(sums_s, first));
    });
  } else if constexpr (V::meeting == Meeting::ordered) {
    float* const partial = a.partials + static_cast<std::int64_t>(item.partial) * V::tile_floats;
    for_my_elements<V>(tile, [&](int first) {
      *reinterpret_cast<Elements<V>*>(partial + first) = add_warp_sums<V>(sums_s, first);
    });
    if (arrive_last(a, item)) add_slices<V>(a, item, tile);
  } else {
    float* const shared_sum = a.partials + static_cast<std::int64_t>(item.tile) * V::tile_floats;
    for_my_elements<V>(tile, [&](int first) {
      const Elements<V> sums = add_warp_sums<V>(sums_s, first);
      for (int i = 0; i < at_once<V>; ++i) atomicAdd(shared_sum + first + i, sums.values[i]);
    });
    if (!arrive_last(a, item)) return;
    for_my_elements<V>(tile, [&](int first) {
      Elements<V> sums;
      ptx::load_from_l2(shared_sum + first, sums.values);
      store_elements<V>(a, tile, first, sums);
    });
  }
}

}  // namespace halfbyte::cuda::w4a16
