// Rows of 8 ... 2048 elements of f16.
#include "cuda/hadamard/instances.cuh"

namespace halfbyte::cuda::hadamard {

std::span<const Instance> in_registers_f16() { return all_in_registers<HalfNumber>; }

}  // namespace halfbyte::cuda::hadamard
