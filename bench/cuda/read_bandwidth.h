// How fast a GPU streams its memory: the yardstick of every bandwidth figure on it.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>

#include "halfbyte/device_memory.h"

namespace halfbyte::bench {

class CudaReadBandwidth {
 public:
  // The default is 17 times the L2 of an H200.
  explicit CudaReadBandwidth(int index, std::size_t bytes = std::size_t{1} << 30);

  // Starts one pass over the buffer on `stream`.
  void start_pass(cudaStream_t stream) const;
  std::size_t bytes() const { return data_.size(); }

 private:
  int blocks_ = 0;
  DeviceMemory data_, sink_;
};

}  // namespace halfbyte::bench
