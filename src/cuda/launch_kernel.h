// Starts a kernel with the types of its parameters checked.
#pragma once

#include <cuda_runtime_api.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <type_traits>

#include "cuda/error.h"

namespace halfbyte::cuda {

struct LaunchShape {
  std::int64_t grid = 1;  // blocks
  int threads = 1;        // of a block
  std::size_t shared_bytes = 0;
  void* stream = nullptr;
  int cluster = 1;  // blocks of a cluster; more than 1 needs compute capability 9.0
  // May begin before the stream's previous kernel has ended (programmatic dependent launch). Only
  // for machine code of sm_90 that calls ptx::wait_for_previous_kernel().
  bool overlaps = false;
};

// Whether a device runs this build's machine code of sm_90a, which waits for the previous kernel by
// itself and has wgmma; PTX of sm_80 on a newer GPU does not.
inline bool runs_sm90_code(int compute_capability) {
  static const bool code_is_ours = std::getenv("CUDA_FORCE_PTX_JIT") == nullptr;
  return compute_capability == 90 && code_is_ours;
}

// Errors: those of cuda/error.h. `function` is the public function.
template <class... Parameters>
void launch_kernel(std::string_view function, const LaunchShape& shape,
                   void (*kernel)(Parameters...), std::type_identity_t<Parameters>... parameters) {
  void* arguments[] = {&parameters...};
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(static_cast<unsigned>(shape.grid));
  config.blockDim = dim3(static_cast<unsigned>(shape.threads));
  config.dynamicSmemBytes = shape.shared_bytes;
  config.stream = static_cast<cudaStream_t>(shape.stream);
  std::array<cudaLaunchAttribute, 2> attributes{};
  config.attrs = attributes.data();
  if (shape.cluster > 1) {
    cudaLaunchAttribute& cluster = attributes[config.numAttrs++];
    cluster.id = cudaLaunchAttributeClusterDimension;
    cluster.val.clusterDim = {static_cast<unsigned>(shape.cluster), 1, 1};
  }
  if (shape.overlaps) {
    cudaLaunchAttribute& overlap = attributes[config.numAttrs++];
    overlap.id = cudaLaunchAttributeProgrammaticStreamSerialization;
    overlap.val.programmaticStreamSerializationAllowed = 1;
  }
  check(cudaLaunchKernelExC(&config, reinterpret_cast<const void*>(kernel), arguments), function,
        "cudaLaunchKernelExC");
}

}  // namespace halfbyte::cuda
