// The CPU backend's entries for ops/backends.cpp.
#pragma once

#include <span>

#include "ops/kernel.h"

namespace halfbyte::cpu {

std::span<const LinearKernel> linear_kernels();
std::span<const HadamardKernel> hadamard_kernels();
std::span<const RotaryKernel> rotary_kernels();
const DeviceInfo& device_info(int index);
const MemoryCalls& memory_calls();
// The oracle: plain loops. Any problem; float64 sums in `accumulate_f64`.
void reference(const LinearProblem& problem, bool accumulate_f64);

}  // namespace halfbyte::cpu
