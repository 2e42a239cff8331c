// Rows of 8192 ... 65536 elements of f16 over clusters.
#include "cuda/hadamard/instances.cuh"

namespace halfbyte::cuda::hadamard {

std::span<const Instance> spread_rows_f16() { return all_spread_rows<HalfNumber>; }

}  // namespace halfbyte::cuda::hadamard
