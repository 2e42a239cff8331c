// Starts the tensor-core kernels.
#pragma once

#include <span>
#include <string_view>

#include "cuda/hadamard/instance.h"
#include "ops/hadamard_kernel.h"

namespace halfbyte::cuda::hadamard {

// Instances of a family for the type of x.
using Family = std::span<const Instance> (*)(DType x);
std::span<const Instance> in_registers_of(DType x);
std::span<const Instance> rows_of(DType x);
std::span<const Instance> spread_rows_of(DType x);

// Read and written.
double bytes_of(const HadamardProblem& p);

// Everything of a problem that the kernels want to know.
Args args_of(const HadamardProblem& p);

// What all families ask of a problem: a reason, or empty.
std::string_view reject_layout(const HadamardProblem& p);
// Why scales made in the pass cannot be: groups are powers of two up to `most`, or `whole`.
std::string_view reject_group(const HadamardProblem& p, std::int64_t most, std::int64_t whole);
// Whether the problem needs an instance that is `full`.
bool needs_full_in_registers(const HadamardProblem& p);
bool needs_full_row(const HadamardProblem& p);
Output output_of(const HadamardProblem& p);

// The instance for a problem that the family's row of the table takes.
const Instance& in_registers_for(const HadamardProblem& p, const DeviceInfo& device);
const Instance& row_for(const HadamardProblem& p, const DeviceInfo& device);
const Instance& spread_row_for(const HadamardProblem& p, const DeviceInfo& device);

void launch(const Instance& instance, const HadamardProblem& p, const DeviceInfo& device);

}  // namespace halfbyte::cuda::hadamard
