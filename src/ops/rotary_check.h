// From the arguments of rotary_hadamard() to a RotaryProblem.
#pragma once

#include <string_view>

#include "ops/rotary_kernel.h"

namespace halfbyte {

// Checks all but memory: what a plan depends on.
RotaryProblem check_rotary(std::string_view function, const TensorView& x, const Rotary& rotary,
                           const TensorView& y, const HadamardOptions& options);
// Pointers and overlap.
void check_rotary_memory(const TensorView& x, const Rotary& rotary, const TensorView& y,
                         const HadamardOptions& options, const RotaryProblem& problem);

}  // namespace halfbyte
