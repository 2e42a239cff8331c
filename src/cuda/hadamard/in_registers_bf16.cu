// Rows of 8 ... 1024 elements, 2048 with scales, of bf16.
#include "cuda/hadamard/instances.cuh"

namespace halfbyte::cuda::hadamard {

std::span<const Instance> in_registers_bf16() { return all_in_registers<BFloatNumber>; }

}  // namespace halfbyte::cuda::hadamard
