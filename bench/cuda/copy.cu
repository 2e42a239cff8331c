// What it computes: nothing; it moves the bytes that a transform moves.
//
//   64 MB in, 64 MB out at 4.3 TB/s take 31 us. A thread has 4 loads of 16 bytes in flight, an SM
//   with 2048 threads 128 KB: ten times what the latency asks for.
#include "bench/cuda/copy.h"

#include <cuda_runtime.h>

#include <algorithm>
#include <stdexcept>

#include "bench/cuda/handles.h"

namespace halfbyte::bench {
namespace {

constexpr int threads = 256;
constexpr int loads = 4;

template <class Out>
__device__ Out part_of(const uint4& words);
template <>
__device__ uint4 part_of<uint4>(const uint4& words) {
  return words;
}
template <>
__device__ uint2 part_of<uint2>(const uint4& words) {
  return {words.x ^ words.z, words.y ^ words.w};
}
template <>
__device__ unsigned part_of<unsigned>(const uint4& words) {
  return words.x ^ words.y ^ words.z ^ words.w;
}

template <class Out>
__global__ void __launch_bounds__(threads)
    copy_kernel(const uint4* from_g, Out* to_g, std::int64_t count) {
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * threads * loads;
  for (std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * threads * loads + threadIdx.x;
       first < count; first += step) {
    uint4 words_r[loads];
#pragma unroll
    for (int l = 0; l < loads; ++l) {
      const std::int64_t at = first + l * threads;
      if (at < count) words_r[l] = __ldcs(from_g + at);
    }
#pragma unroll
    for (int l = 0; l < loads; ++l) {
      const std::int64_t at = first + l * threads;
      if (at < count) to_g[at] = part_of<Out>(words_r[l]);
    }
  }
}

template <class Out>
void start(CopyGrid grid, const void* from, void* to, std::int64_t vectors, void* stream) {
  std::int64_t blocks = (vectors + threads * loads - 1) / (threads * loads);
  if (grid == CopyGrid::resident) {
    int device = 0, sms = 0;
    check(cudaGetDevice(&device), "cudaGetDevice");
    check(cudaDeviceGetAttribute(&sms, cudaDevAttrMultiProcessorCount, device),
          "cudaDeviceGetAttribute");
    blocks = std::min<std::int64_t>(blocks, std::int64_t{8} * sms);
  }
  copy_kernel<<<static_cast<unsigned>(blocks), threads, 0, static_cast<cudaStream_t>(stream)>>>(
      static_cast<const uint4*>(from), static_cast<Out*>(to), vectors);
  check(cudaGetLastError(), "copy_kernel");
}

}  // namespace

void start_copy(CopyGrid grid, const void* from, void* to, std::int64_t vectors, int out_bytes,
                void* stream) {
  if (out_bytes == 16) return start<uint4>(grid, from, to, vectors, stream);
  if (out_bytes == 8) return start<uint2>(grid, from, to, vectors, stream);
  if (out_bytes == 4) return start<unsigned>(grid, from, to, vectors, stream);
  throw std::invalid_argument("start_copy writes 16, 8 or 4 bytes a vector");
}

}  // namespace halfbyte::bench
