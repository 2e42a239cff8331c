// What it computes: nothing; it moves the bytes that a transform moves.
//
//   Measured on one H200, 134 MB in and 134 MB out, 135 variants: 64.8 us with one load a thread
//   and a block for every 2 or 4 KB (4.14 TB/s; cudaMemcpyAsync 64.9), 66.3 with four loads, 69.3
//   with blocks that stay (3.87), 66.4 at best through shared memory by bulk copies. Loads that
//   pass L1 want st.global.cs: without it 68.0.
#include "bench/cuda/copy.h"

#include <cuda_runtime.h>

#include <algorithm>
#include <stdexcept>

#include "bench/cuda/handles.h"
#include "cuda/launch_kernel.h"
#include "cuda/ptx.cuh"

namespace halfbyte::bench {
namespace {

constexpr int threads = 256;

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

template <class Out, int loads>
__global__ void __launch_bounds__(threads)
    copy_kernel(const uint4* from_g, Out* to_g, std::int64_t count) {
  cuda::ptx::wait_for_previous_kernel();
  cuda::ptx::start_next_kernel();
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * threads * loads;
  for (std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * threads * loads + threadIdx.x;
       first < count; first += step) {
    std::uint32_t words_r[loads][4];
#pragma unroll
    for (int l = 0; l < loads; ++l) {
      const std::int64_t at = first + l * threads;
      if (at < count) cuda::ptx::load_16_bytes_once(words_r[l], from_g + at);
    }
#pragma unroll
    for (int l = 0; l < loads; ++l) {
      const std::int64_t at = first + l * threads;
      const auto& w = words_r[l];
      if (at < count) __stcs(to_g + at, part_of<Out>({w[0], w[1], w[2], w[3]}));
    }
  }
}

template <class Out, int loads>
void start(bool resident, const void* from, void* to, std::int64_t vectors, void* stream) {
  std::int64_t blocks = (vectors + threads * loads - 1) / (threads * loads);
  int device = 0, sms = 0, major = 0, minor = 0;
  check(cudaGetDevice(&device), "cudaGetDevice");
  check(cudaDeviceGetAttribute(&sms, cudaDevAttrMultiProcessorCount, device), "attribute");
  check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device), "attribute");
  check(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device), "attribute");
  if (resident) blocks = std::min<std::int64_t>(blocks, std::int64_t{8} * sms);
  cuda::launch_kernel("copy",
                      {.grid = blocks,
                       .threads = threads,
                       .stream = stream,
                       .overlaps = cuda::runs_sm90_code(10 * major + minor)},
                      copy_kernel<Out, loads>, static_cast<const uint4*>(from),
                      static_cast<Out*>(to), vectors);
}

template <class Out>
void start_as(CopyGrid grid, const void* from, void* to, std::int64_t vectors, void* stream) {
  if (grid == CopyGrid::single) return start<Out, 1>(false, from, to, vectors, stream);
  start<Out, 4>(grid == CopyGrid::resident, from, to, vectors, stream);
}

}  // namespace

void start_copy(CopyGrid grid, const void* from, void* to, std::int64_t vectors, int out_bytes,
                void* stream) {
  if (out_bytes == 16) return start_as<uint4>(grid, from, to, vectors, stream);
  if (out_bytes == 8) return start_as<uint2>(grid, from, to, vectors, stream);
  if (out_bytes == 4) return start_as<unsigned>(grid, from, to, vectors, stream);
  throw std::invalid_argument("start_copy writes 16, 8 or 4 bytes a vector");
}

}  // namespace halfbyte::bench
