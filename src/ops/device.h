// DeviceInfo: what a kernel's `reject` and `predict` may know of a machine. Facts are data: no
// kernel has an SM count or a bandwidth of its own.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "halfbyte/tensor.h"

namespace halfbyte {

struct DeviceInfo {
  Device device{};
  std::string name;      // "AMD EPYC 7763", "NVIDIA H200"
  int workers = 1;       // threads that may run, or SMs
  double read_gbps = 0;  // streaming read, estimate; 0: unknown
  double fma_gmacs = 0;  // fp32 multiply-adds, G/s, estimate; 0: unknown
  double mma_gmacs = 0;  // 16-bit multiply-adds of matrix instructions; 0: none or unknown
  // CPU
  std::string isa;  // the instruction set level in use: src/cpu/isa.h
  // CUDA
  int compute_capability = 0;  // 90 for sm_90
  std::size_t shared_memory_per_block = 0;
  std::size_t shared_memory_per_sm = 0;
  std::size_t l2_bytes = 0;
};

// Facts about a device of this process. Errors: E_NO_GPU, E_DRIVER, E_DEVICE (no such index).
const DeviceInfo& device_info(Device device);

}  // namespace halfbyte
