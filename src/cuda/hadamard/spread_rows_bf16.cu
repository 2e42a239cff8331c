// Rows of 8192 ... 65536 elements of bf16 over clusters.
#include "cuda/hadamard/instances.cuh"

namespace halfbyte::cuda::hadamard {

std::span<const Instance> spread_rows_bf16() { return all_spread_rows<BFloatNumber>; }

}  // namespace halfbyte::cuda::hadamard
