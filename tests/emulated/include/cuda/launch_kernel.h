// Runs a kernel on the host: see simt.h.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <string_view>
#include <type_traits>

#include "cuda/error.h"

namespace halfbyte::cuda {

struct LaunchShape {
  std::int64_t grid = 1;
  int threads = 1;
  std::size_t shared_bytes = 0;
  void* stream = nullptr;
  int cluster = 1;
  bool overlaps = false;
};

inline bool runs_sm90_code(int compute_capability) { return compute_capability == 90; }

template <class... Parameters>
void launch_kernel(std::string_view, const LaunchShape& shape, void (*kernel)(Parameters...),
                   std::type_identity_t<Parameters>... parameters) {
  simt::run({.grid = static_cast<unsigned>(shape.grid),
             .block = static_cast<unsigned>(shape.threads),
             .cluster = static_cast<unsigned>(shape.cluster),
             .shared_bytes = shape.shared_bytes},
            [&] { kernel(parameters...); });
}

}  // namespace halfbyte::cuda
