// Choosing the kernel and its configuration for a checked problem.
#pragma once

#include "ops/kernel.h"

namespace halfbyte {

struct Choice {
  const LinearKernel* kernel = nullptr;  // null: every kernel rejects the problem
  GemmConfig config{};
  double predicted_us = 0;
};

// The cheapest by prediction among the kernels, configurations and schedules that reject nothing.
// Allocates nothing. With `rejected`, the reason of every kernel that has no way to run is added.
//
// batch_invariant: what decides the order of a row's sums (kernel, schedule, split, tile_k, warps)
// is chosen for two rows like those of x, the rest for the problem at hand.
Choice choose(const LinearProblem& problem, const LinearOptions& options, const Backend& backend,
              std::vector<Rejection>* rejected = nullptr);

}  // namespace halfbyte
