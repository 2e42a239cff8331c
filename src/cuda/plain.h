// The plain kernel: any legal call, one thread an element of y, no shared memory. It is there so
// that every legal call finds a kernel: f32 x, f32 scales, any table, any strides.
#pragma once

#include "ops/kernel.h"

namespace halfbyte::cuda {

void launch_plain(const LinearProblem& problem);
void warm_up_plain();

}  // namespace halfbyte::cuda
