// GPU memory for DeviceMemory, copies to and from it.
#include <cuda_runtime_api.h>

#include "cuda/backend.h"
#include "cuda/device_guard.h"
#include "cuda/error.h"

namespace halfbyte::cuda {
namespace {

void* allocate(int index, std::size_t bytes) {
  const DeviceGuard guard(index, "DeviceMemory");
  void* memory = nullptr;
  check(cudaMalloc(&memory, bytes), "DeviceMemory", "cudaMalloc");  // 256-byte aligned
  return memory;
}

// A destructor has nobody to tell: an error here is an earlier fault's or the process is ending.
void release(int index, void* memory) noexcept {
  int previous = 0;
  (void)cudaGetDevice(&previous);
  (void)cudaSetDevice(index);
  (void)cudaFree(memory);
  (void)cudaSetDevice(previous);
}

void copy(int index, void* to, const void* from, std::size_t bytes) {
  const DeviceGuard guard(index, "copy_memory");
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, cudaStreamLegacy), "copy_memory",
        "cudaMemcpyAsync");
  // A copy within a GPU, or from pageable memory, may return before it is done.
  check(cudaStreamSynchronize(cudaStreamLegacy), "copy_memory", "cudaStreamSynchronize");
}

void synchronize(int index) {
  const DeviceGuard guard(index, "synchronize");
  check(cudaDeviceSynchronize(), "synchronize", "cudaDeviceSynchronize");
}

}  // namespace

const MemoryCalls& memory_calls() {
  static constexpr MemoryCalls calls{allocate, release, copy, synchronize};
  return calls;
}

}  // namespace halfbyte::cuda
