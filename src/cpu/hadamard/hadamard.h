// The CPU backend's Hadamard kernels, for its table.
#pragma once

#include "ops/hadamard_kernel.h"

namespace halfbyte::cpu {

// The oracle: plain loops in f64, rounded once. Any problem.
void hadamard_reference(const HadamardProblem& problem);

// Raises *amax to the magnitude whose bits are given, whatever order threads come in.
void raise_amax(float* amax, float magnitude);

}  // namespace halfbyte::cpu
