// Starts the kernels of rotary_hadamard().
#pragma once

#include <string_view>

#include "cuda/rotary/instance.h"
#include "ops/rotary_kernel.h"

namespace halfbyte::cuda::rotary {

// Everything of a problem that a kernel with `slots` wants to know.
Args args_of(const RotaryProblem& p, int slots, const DeviceInfo& device);

// What all of the kernels, and those with 16-byte loads and stores, ask of a problem: a reason, or
// empty.
std::string_view reject_problem(const RotaryProblem& p);
std::string_view reject_layout(const RotaryProblem& p);

// The instance for a problem, for one that reject_layout() takes and for any other.
const Instance& vector_instance(const RotaryProblem& p);
const Instance& gathering_instance(const RotaryProblem& p);

void launch(const Instance& instance, const RotaryProblem& p, const DeviceInfo& device);

}  // namespace halfbyte::cuda::rotary
