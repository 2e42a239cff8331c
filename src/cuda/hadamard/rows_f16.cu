// Rows of 2048 ... 32768 elements of f16.
#include "cuda/hadamard/instances.cuh"

namespace halfbyte::cuda::hadamard {

std::span<const Instance> rows_f16() { return all_rows<HalfNumber>; }

}  // namespace halfbyte::cuda::hadamard
