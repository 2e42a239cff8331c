// The plain kernel: any legal call, by butterflies in f32. It is there so that every call finds a
// kernel: f32 x, other axes, q 2^p, rows of any step and alignment, 65536.
#pragma once

#include "ops/hadamard_kernel.h"

namespace halfbyte::cuda::hadamard {

std::size_t butterfly_workspace(const HadamardProblem& p, const DeviceInfo& device);
double predict_butterfly(const HadamardProblem& p, const DeviceInfo& device);
void launch_butterfly(const HadamardProblem& p, const DeviceInfo& device, void* workspace);

}  // namespace halfbyte::cuda::hadamard
