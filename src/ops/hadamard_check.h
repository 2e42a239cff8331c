// From the arguments of hadamard() to a HadamardProblem.
#pragma once

#include <span>
#include <string_view>

#include "ops/hadamard_kernel.h"

namespace halfbyte {

// Checks all but memory: what a plan depends on.
HadamardProblem check_hadamard(std::string_view function, const TensorView& x, const TensorView& y,
                               const HadamardOptions& options);
// An operand besides those of hadamard() that is read.
struct OtherOperand {
  std::string_view argument;
  const TensorView& view;
};
// Pointers, overlap and workspace.
void check_hadamard_memory(std::string_view function, const TensorView& x, const TensorView& y,
                           const HadamardOptions& options, const HadamardProblem& problem,
                           std::size_t workspace_needed, std::span<const OtherOperand> others = {});

}  // namespace halfbyte
