// The CUDA backend's row for ops/backends.cpp. No CUDA header: plain C++ includes this.
#pragma once

#include <span>

#include "ops/kernel.h"

namespace halfbyte::cuda {

std::span<const LinearKernel> linear_kernels();
std::span<const HadamardKernel> hadamard_kernels();
std::span<const RotaryKernel> rotary_kernels();
// Facts about GPU `index`. Errors: E_NO_GPU, E_DRIVER (have, need), E_DEVICE (no such index).
const DeviceInfo& device_info(int index);
const MemoryCalls& memory_calls();
PackedWeight pack(const QuantizedWeight& weight, int index);
QuantizedWeight unpack(const PackedWeight& weight);

}  // namespace halfbyte::cuda
