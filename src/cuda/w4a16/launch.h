// The host's side of the w4a16 family: from a checked call to a launch.
#pragma once

#include "cuda/w4a16/instance.h"
#include "ops/kernel.h"

namespace halfbyte::cuda::w4a16 {

using Instances = std::span<const Instance> (*)();

// The first instance with the configuration, x's type and scales that change as seldom as the
// weight's; null when there is none.
const Instance* find_instance(std::span<const Instance> list, const LinearProblem& problem,
                              const GemmConfig& config);

// How the call's k is divided. Stream-K has as many workers as the GPU runs at once.
Division division_of(const Instance& instance, const LinearProblem& problem,
                     const GemmConfig& config);

// Whether the kernel's 32-bit counts hold the problem's rows, columns and blocks of k in all tiles.
bool counts_fit(const LinearProblem& problem, const GemmConfig& config);

std::size_t workspace_bytes(const Instance& instance, const LinearProblem& problem,
                            const GemmConfig& config);

void launch(const Instance& instance, const LinearProblem& problem, const GemmConfig& config,
            void* workspace);

// Loads every kernel on a GPU and lets it have its shared memory, once: pack() calls it, so that no
// call of linear(), which may be inside a stream capture, is a kernel's first.
void warm_up(int device);

}  // namespace halfbyte::cuda::w4a16
