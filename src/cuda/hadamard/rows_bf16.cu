// Rows of 2048 ... 32768 elements of bf16.
#include "cuda/hadamard/instances.cuh"

namespace halfbyte::cuda::hadamard {

std::span<const Instance> rows_bf16() { return all_rows<BFloatNumber>; }

}  // namespace halfbyte::cuda::hadamard
