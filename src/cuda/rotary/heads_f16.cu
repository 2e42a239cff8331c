// Heads of f16.
#include "cuda/rotary/heads.cuh"

namespace halfbyte::cuda::rotary {

std::span<const Instance> heads_f16() { return all_heads<hadamard::HalfNumber>; }

}  // namespace halfbyte::cuda::rotary
