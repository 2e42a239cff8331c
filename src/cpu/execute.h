// Runs a tile kernel under a schedule with threads as workers.
#pragma once

#include <cstddef>

#include "cpu/tile.h"

namespace halfbyte::cpu {

// Scratch bytes of execute(): prepared x, the widened bias, and the partial sums of split tiles.
std::size_t execute_workspace(const TileKernel& kernel, const LinearProblem& problem,
                              const GemmConfig& config);

// Tasks of the part that multiplies.
std::int64_t execute_workers(const LinearProblem& problem, const GemmConfig& config);

// x is prepared once; every worker of the schedule computes its items; tiles in several slices are
// then summed in slice order. The sums' order is a function of the problem and the configuration
// only.
void execute(const TileKernel& kernel, const LinearProblem& problem, const GemmConfig& config,
             void* workspace);

}  // namespace halfbyte::cpu
